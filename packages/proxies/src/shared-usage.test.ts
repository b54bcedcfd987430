import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { ProviderStats, StatsSnapshot } from '@sluice/store/ports';
import { SharedUsage } from './shared-usage.ts';

/** A store in which others have done `recent`. */
function setUp(recent: Record<string, number> = {}) {
  jest.useFakeTimers();
  const add = jest.fn<ProviderStats['add']>(async () => ({ totals: {}, recent }) as StatsSnapshot);
  const usage = new SharedUsage({ add } as unknown as ProviderStats);
  usage.start();
  return { usage, add };
}

describe('shared usage', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is exchanged five times a second while there is something to tell', async () => {
    const { usage, add } = setUp();
    for (let n = 0; n < 5; n++) {
      usage.count('calls');
      await jest.advanceTimersByTimeAsync(200);
    }
    expect(add).toHaveBeenCalledTimes(5);
    expect(add.mock.calls.map(([, totals]) => totals)).toEqual(Array(5).fill({ calls: 1 }));
    await usage.stop();
  });

  it('is asked for once a second by a replica that does nothing, and told at once when it does something', async () => {
    const { usage, add } = setUp({ 'target:up/m:calls': 7 });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(add).toHaveBeenCalledTimes(10);
    expect(usage.calls('up/m')).toBe(7);
    usage.count('calls');
    await jest.advanceTimersByTimeAsync(200);
    expect(add).toHaveBeenCalledTimes(11);
    await usage.stop();
  });

  it('sends a batch whose answer was lost again, under its id, at the next turn', async () => {
    const { usage, add } = setUp();
    add.mockRejectedValueOnce(new Error('away'));
    usage.count('calls');
    await jest.advanceTimersByTimeAsync(400);
    expect(add.mock.calls.map(([id]) => id)).toEqual([add.mock.calls[0]?.[0], add.mock.calls[0]?.[0]]);
    expect(add.mock.calls[1]?.[1]).toEqual({ calls: 1 });
    await usage.stop();
  });
});
