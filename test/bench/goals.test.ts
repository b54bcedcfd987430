import { describe, expect, test } from '@jest/globals';
import { GOALS, type Goal, type GoalName, gateOf, overGate } from './goals.ts';

const names = Object.keys(GOALS) as GoalName[];

describe('the goals of the bench', () => {
  test('allows at least the goal, with a slack of 15 % at most', () => {
    for (const name of names) {
      const { goal, slack }: Goal = GOALS[name];
      const gate = gateOf(name);
      expect(gate === undefined).toBe(slack === undefined);
      if (gate !== undefined) expect(gate).toBeGreaterThanOrEqual(goal);
      expect(slack ?? 1).toBeLessThanOrEqual(1.15);
    }
  });

  test('reports a figure above its gate and accepts one at its gate', () => {
    const gate = gateOf('garbage') as number;
    expect(overGate({ garbage: gate })).toEqual([]);
    expect(overGate({ garbage: gate + 0.01 })).toEqual([expect.stringContaining('garbage of a live call')]);
  });

  test('reports a figure that was not measured', () => {
    expect(overGate({ live: Number.NaN })).toHaveLength(1);
  });

  test('accepts any figure of a goal without a gate', () => {
    expect(overGate({ addedP99: 1_000 })).toEqual([]);
  });
});
