import { describe, expect, it } from '@jest/globals';
import type { AuditBatch } from '@sluice/store/ports';
import { RecentBatches } from './recent-batches.ts';

const batch = (id: string, records = 1): AuditBatch => ({ id, records: Array(records).fill(`record of ${id}`), usage: [] });

function setUp() {
  const there = new Map<string, AuditBatch>();
  const recent = new RecentBatches({
    append: async (one) => void there.set(one.id, one),
    has: async (id) => there.has(id),
  });
  const write = (one: AuditBatch) => {
    there.set(one.id, one);
    recent.written(one);
  };
  return { there, recent, write };
}

describe('batches that were written lately', () => {
  it('are written again where they are lost, in their order, whatever has been written since', async () => {
    const { there, recent, write } = setUp();
    for (const id of ['a', 'b', 'c', 'd']) write(batch(id, 2));
    there.delete('b');
    there.delete('c');
    expect(await recent.restore()).toBe(4);
    expect([...there.keys()]).toEqual(['a', 'd', 'b', 'c']);
    expect(await recent.restore()).toBe(0);
  });

  it('are kept up to a bound', async () => {
    const { there, recent, write } = setUp();
    for (let n = 0; n < 100; n++) write(batch(String(n), 500));
    there.clear();
    expect(await recent.restore()).toBe(20_000);
    expect(there.has('99')).toBe(true);
    expect(there.has('59')).toBe(false);
  });

  it('wait for the next connection where the store fails again', async () => {
    const recent = new RecentBatches({ append: async () => {}, has: () => Promise.reject(new Error('away')) });
    recent.written(batch('a'));
    await expect(recent.restore()).rejects.toThrow('away');
  });
});
