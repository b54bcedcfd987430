import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { ProviderStats, StatsSnapshot } from '@sluice/store/ports';
import { SharedUsage } from './shared-usage.ts';

/** A store with the `recent` usage of other replicas. */
function setUp(recent: Record<string, number> = {}) {
  jest.useFakeTimers();
  const add = jest.fn<ProviderStats['add']>(async () => ({ totals: {}, recent }) as StatsSnapshot);
  const usage = new SharedUsage({ add } as unknown as ProviderStats);
  usage.start();
  return { usage, add };
}

describe('SharedUsage', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('exchanges usage five times per second while there are new counts', async () => {
    const { usage, add } = setUp();
    for (let n = 0; n < 5; n++) {
      usage.count('calls');
      await jest.advanceTimersByTimeAsync(200);
    }
    expect(add).toHaveBeenCalledTimes(5);
    expect(add.mock.calls.map(([, totals]) => totals)).toEqual(Array(5).fill({ calls: 1 }));
    await usage.stop();
  });

  it('exchanges once per second when idle, and within 200 ms after a new count', async () => {
    const { usage, add } = setUp({ 'target:up/m:calls': 7 });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(add).toHaveBeenCalledTimes(10);
    expect(usage.calls('up/m')).toBe(7);
    usage.count('calls');
    await jest.advanceTimersByTimeAsync(200);
    expect(add).toHaveBeenCalledTimes(11);
    await usage.stop();
  });

  it('sends a batch without a response again, under its id, at the next interval', async () => {
    const { usage, add } = setUp();
    add.mockRejectedValueOnce(new Error('unavailable'));
    usage.count('calls');
    await jest.advanceTimersByTimeAsync(400);
    expect(add.mock.calls.map(([id]) => id)).toEqual([add.mock.calls[0]?.[0], add.mock.calls[0]?.[0]]);
    expect(add.mock.calls[1]?.[1]).toEqual({ calls: 1 });
    await usage.stop();
  });
});
