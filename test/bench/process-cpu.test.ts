import { describe, expect, test } from '@jest/globals';
import { NO_TIMES, parseParent, parseSchedstat, parseTicks, shareOfCpu, shareOfSteal } from './process-cpu.ts';

const STAT = `cpu  30 0 10 50 0 0 0 10 0 0
cpu0 10 0 5 30 0 0 0 5 0 0
cpu1 20 0 5 20 0 0 0 5 7 0
intr 1 2 3
`;

describe('the CPU of a measured process', () => {
  test('reads run time and wait from schedstat', () => {
    expect(parseSchedstat('2500000 1000000 17\n')).toEqual({ runMicros: 2_500, waitMicros: 1_000 });
  });

  test('counts the wait for other processes as a lost share', () => {
    const after = { runMicros: 900, mainRunMicros: 900, mainWaitMicros: 100 };
    expect(shareOfCpu(NO_TIMES, after)).toBeCloseTo(0.9);
  });

  test('does not count the wait for the own threads as a lost share', () => {
    const after = { runMicros: 1_000, mainRunMicros: 800, mainWaitMicros: 150 };
    expect(shareOfCpu(NO_TIMES, after)).toBe(1);
    expect(shareOfCpu(NO_TIMES, { ...after, mainWaitMicros: 1_200 })).toBeCloseTo(0.5);
  });

  test('reads the parent of a process with parentheses and spaces in its name', () => {
    expect(parseParent('4711 (a) b (c) S 815 4711 4711 0 -1')).toBe(815);
  });

  test('returns the whole share for a process that did not run', () => {
    expect(shareOfCpu(NO_TIMES, NO_TIMES)).toBe(1);
  });

  test('reads steal of one CPU and of all, without the guest times', () => {
    expect(parseTicks(STAT)).toEqual({ all: 100, steal: 10 });
    expect(parseTicks(STAT, 1)).toEqual({ all: 50, steal: 5 });
    expect(shareOfSteal({ all: 0, steal: 0 }, parseTicks(STAT, 1))).toBeCloseTo(0.1);
    expect(shareOfSteal({ all: 5, steal: 1 }, { all: 5, steal: 1 })).toBe(0);
  });
});
