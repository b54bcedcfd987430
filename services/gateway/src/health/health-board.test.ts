import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { HealthBoard } from './health-board.ts';

function setUp() {
  jest.useFakeTimers();
  const set = jest.fn<(labels: object, value: number) => void>();
  const logger = { info: jest.fn(), warn: jest.fn() };
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const degradation = new HealthBoard(clock as never, logger as never, { degraded: { set } } as never);
  const health = degradation.dependency('authentication');
  return { health, logger, shown: () => set.mock.lastCall?.[1] };
}

describe('HealthBoard', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('reports a degradation at once, and logs it once', () => {
    const { health, logger, shown } = setUp();
    expect(shown()).toBe(0);
    health.failure(new Error('away'));
    health.failure(new Error('away'));
    expect(shown()).toBe(1);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  it('recovers a second after the last failure, even if the store is not used again', () => {
    const { health, logger, shown } = setUp();
    health.failure(new Error('away'));
    jest.advanceTimersByTime(500);
    health.success();
    jest.advanceTimersByTime(499);
    expect(shown()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(shown()).toBe(0);
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  it('recovers at once when the last failure was more than a second ago', () => {
    const { health, shown } = setUp();
    health.failure(new Error('away'));
    jest.advanceTimersByTime(5_000);
    expect(shown()).toBe(1);
    health.success();
    expect(shown()).toBe(0);
  });

  it('stays degraded while every second command fails', () => {
    const { health, logger, shown } = setUp();
    for (let at = 0; at < 5_000; at += 400) {
      health.failure(new Error('away'));
      jest.advanceTimersByTime(200);
      health.success();
      jest.advanceTimersByTime(200);
      expect(shown()).toBe(1);
    }
    health.failure(new Error('away'));
    jest.advanceTimersByTime(5_000);
    expect(shown()).toBe(1);
    expect([logger.warn.mock.calls.length, logger.info.mock.calls.length]).toEqual([1, 0]);
  });
});
