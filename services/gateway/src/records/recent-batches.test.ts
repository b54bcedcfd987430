import { describe, expect, it } from '@jest/globals';
import type { AuditBatch } from '@sluice/store/ports';
import { RecentBatches } from './recent-batches.ts';

const batch = (id: string, records = 1, shard = 0): AuditBatch => ({
  id,
  shard,
  records: Array(records).fill(`record of ${id}`),
  usage: [],
});

function setUp(onAppend: (one: AuditBatch) => void = () => {}) {
  const there = new Map<string, AuditBatch>();
  const recent = new RecentBatches({
    append: async (one) => {
      onAppend(one);
      there.set(one.id, one);
      return { setAside: 0, lostData: false };
    },
    has: async ({ id }) => there.has(id),
  });
  const write = (one: AuditBatch) => {
    there.set(one.id, one);
    recent.written(one);
  };
  return { there, recent, write };
}

describe('RecentBatches', () => {
  it('rewrites lost batches in order, whatever was written since', async () => {
    const { there, recent, write } = setUp();
    for (const id of ['a', 'b', 'c', 'd']) write(batch(id, 2));
    there.delete('b');
    there.delete('c');
    expect(await recent.restore()).toEqual({ batches: 2, records: 4 });
    expect([...there.keys()]).toEqual(['a', 'd', 'b', 'c']);
    expect(await recent.restore()).toEqual({ batches: 0, records: 0 });
  });

  it('rewrites the lost batches of the other shards when a shard fails', async () => {
    const { there, recent, write } = setUp((one) => {
      if (one.shard === 1) throw new Error('unavailable');
    });
    for (const [n, id] of ['a', 'b', 'c', 'd'].entries()) write(batch(id, 2, n % 3));
    there.clear();
    expect(await recent.restore()).toEqual({ batches: 3, records: 6, failure: new Error('unavailable') });
    expect([...there.keys()].sort()).toEqual(['a', 'c', 'd']);
    await expect(recent.restore()).rejects.toThrow('unavailable');
  });

  it('returns the last batch of each shard', () => {
    const { recent, write } = setUp();
    for (const [n, id] of ['a', 'b', 'c', 'd'].entries()) write(batch(id, 1, n % 3));
    expect([0, 1, 2, 3].map((shard) => recent.last(shard))).toEqual(['d', 'b', 'c', undefined]);
  });

  it('remembers batches up to a bound', async () => {
    const { there, recent, write } = setUp();
    for (let n = 0; n < 100; n++) write(batch(String(n), 500));
    there.clear();
    expect(await recent.restore()).toEqual({ batches: 40, records: 20_000 });
    expect(there.has('99')).toBe(true);
    expect(there.has('59')).toBe(false);
  });

  it('returns each charged budget once', () => {
    const { recent, write } = setUp();
    const spent = (subject: string) => ({ tenant: 't', subject, period: '2026-11', amount: 5 });
    write({ ...batch('a'), spent: [spent('one'), spent('two')] });
    write({ ...batch('b'), spent: [spent('two')] });
    const name = (subject: string) => ({ tenant: 't', subject, meter: 'budget', period: '2026-11' });
    expect(recent.budgets()).toEqual([name('one'), name('two')]);
    expect(recent.last(0)).toBe('b');
  });

  it('waits for the next reconnection when the store fails again', async () => {
    const recent = new RecentBatches({
      append: () => Promise.reject(new Error('not asked')),
      has: () => Promise.reject(new Error('away')),
    });
    recent.written(batch('a'));
    await expect(recent.restore()).rejects.toThrow('away');
  });
});
