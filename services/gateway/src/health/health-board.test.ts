import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { StoreServer } from '@sluice/store/ports';
import { HealthBoard } from './health-board.ts';

function setUp() {
  jest.useFakeTimers();
  const set = jest.fn<(labels: object, value: number) => void>();
  const logger = { info: jest.fn(), warn: jest.fn() };
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const probe = jest.fn<(server: StoreServer) => Promise<void>>().mockRejectedValue(new Error('away'));
  const board = new HealthBoard({ clock, logger: logger as never, metrics: { degraded: { set } as never }, probe });
  return { board, health: board.dependency('authentication'), logger, probe, shown: () => set.mock.lastCall?.[1] };
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

  it('recovers by a probe of its server if no call uses the dependency again', async () => {
    const { health, probe, shown } = setUp();
    health.failure(new Error('away'));
    await jest.advanceTimersByTimeAsync(2_000);
    expect(probe.mock.calls).toEqual([['state']]);
    expect(shown()).toBe(1);
    probe.mockResolvedValue();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(shown()).toBe(0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(probe).toHaveBeenCalledTimes(2);
  });

  it('does not probe a dependency that has retries of its own', async () => {
    const { board, probe, shown } = setUp();
    board.dependency('audit').failure(new Error('away'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect([probe.mock.calls.length, shown()]).toEqual([0, 1]);
  });
});
