import { describe, expect, it } from '@jest/globals';
import { measureQuestionCost } from './testing/question-cost.ts';

/** The goal is 60 µs; tests share their cores, so the gate is wide. */
const GATE_US = 180;

describe('normalForm', () => {
  it('costs a question little CPU', () => {
    expect(measureQuestionCost().p50Us).toBeLessThan(GATE_US);
  });
});
