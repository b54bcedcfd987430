import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Degradation } from './degradation.ts';

function setUp() {
  jest.useFakeTimers();
  const set = jest.fn<(labels: object, value: number) => void>();
  const logger = { info: jest.fn(), warn: jest.fn() };
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const degradation = new Degradation(clock as never, logger as never, { degraded: { set } } as never);
  const health = degradation.concern('authentication');
  return { health, logger, shown: () => set.mock.lastCall?.[1] };
}

describe('Degradation', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('reports a degradation at once, and logs it once', () => {
    const { health, logger, shown } = setUp();
    expect(shown()).toBe(0);
    health.failed(new Error('away'));
    health.failed(new Error('away'));
    expect(shown()).toBe(1);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  it('recovers a second after the last failure, even if the store is not used again', () => {
    const { health, logger, shown } = setUp();
    health.failed(new Error('away'));
    jest.advanceTimersByTime(500);
    health.works();
    jest.advanceTimersByTime(499);
    expect(shown()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(shown()).toBe(0);
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  it('recovers at once when the last failure was more than a second ago', () => {
    const { health, shown } = setUp();
    health.failed(new Error('away'));
    jest.advanceTimersByTime(5_000);
    expect(shown()).toBe(1);
    health.works();
    expect(shown()).toBe(0);
  });

  it('stays degraded while every second command fails', () => {
    const { health, logger, shown } = setUp();
    for (let at = 0; at < 5_000; at += 400) {
      health.failed(new Error('away'));
      jest.advanceTimersByTime(200);
      health.works();
      jest.advanceTimersByTime(200);
      expect(shown()).toBe(1);
    }
    health.failed(new Error('away'));
    jest.advanceTimersByTime(5_000);
    expect(shown()).toBe(1);
    expect([logger.warn.mock.calls.length, logger.info.mock.calls.length]).toEqual([1, 0]);
  });
});
