import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { AuditTrail, StoredRecord } from './audit-trail.ts';
import { USAGE_AMOUNTS, type UsageAmounts, type UsageSum } from './usage-sums.ts';

const DAY = '2026-11-24';

const tenants = (count: number): string[] => Array.from({ length: count }, (_, n) => `tenant-${n}`);

const usageOf = (tenant: string, calls: number): UsageSum => ({
  ...(Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>),
  ...{ day: DAY, hour: '', tag: '', tenant, team: '', key: 'k', provider: 'p', model: 'm', calls },
});

/** Appends one record per tenant, with the tenant's usage, as a writer does: in one batch per shard. */
async function appendAll(trail: AuditTrail, id: string, of: readonly string[]): Promise<void> {
  const batches = [...Map.groupBy(of, (tenant) => trail.shardOf(tenant))].map(([shard, some]) =>
    trail.append({
      ...{ id, shard },
      records: some.map((tenant) => JSON.stringify({ id, tenant })),
      usage: some.map((tenant) => usageOf(tenant, 1)),
    }),
  );
  await Promise.all(batches);
}

/** The numbers of a position, for their order. */
const numbersOf = ({ position }: StoredRecord): number[] => position.split('-').map(Number);

function isBefore(a: StoredRecord, b: StoredRecord): boolean {
  const [numbers, others] = [numbersOf(a), numbersOf(b)];
  const n = numbers.findIndex((number, at) => number !== others[at]);
  return n >= 0 && (numbers[n] as number) < (others[n] as number);
}

const textsOf = (records: readonly StoredRecord[]): string[] => records.map(({ record }) => record);

/** Every adapter of `AuditTrail` passes this, with one shard and with several; `open` gives an empty one. */
export function auditShardsContract(adapter: string, open: (maxRecords: number) => AuditTrail): void {
  describe(`audit trail of many tenants (${adapter})`, () => {
    it('assigns the same shard to a tenant every time', () => {
      const [a, b] = [open(10), open(10)];
      for (const tenant of tenants(50)) expect(a.shardOf(tenant)).toBe(b.shardOf(tenant));
    });

    it('returns the records of many tenants in the order of time', async () => {
      const trail = open(1_000);
      const appended: string[] = [];
      for (const [n, tenant] of tenants(40).entries()) {
        await appendAll(trail, String(n), [tenant]);
        appended.push(JSON.stringify({ id: String(n), tenant }));
        // a later record has a later time, in milliseconds
        await sleep(2);
      }
      const all = await trail.latest(100);
      expect(textsOf(all)).toEqual(appended.toReversed());
      expect(textsOf(await trail.after(all.at(-1)?.position ?? '', 100))).toEqual(appended.slice(1));
      const oldest = (await trail.latest(100)).at(-1)?.position ?? '';
      expect(textsOf(await trail.after(oldest, 100))).toEqual(appended.slice(1));
      expect(textsOf(await trail.latest(3))).toEqual(appended.slice(-3).toReversed());
    });

    it.each([1, 7, 64, 1_000])('returns each record on one page of %i, newest first and oldest first', async (size) => {
      const trail = open(10_000);
      for (let n = 0; n < 12; n++) await appendAll(trail, String(n), tenants(25));
      const down: StoredRecord[] = [];
      for (let page = await trail.latest(size); page.length > 0; page = await trail.latest(size, down.at(-1)?.position)) {
        down.push(...page);
        // a newer record moves no page
        if (down.length < 30) await appendAll(trail, `newer-${down.length}`, ['another']);
      }
      expect(down).toHaveLength(300);
      expect(new Set(down.map(({ position }) => position)).size).toBe(300);
      expect(down.every((record, n) => n === 0 || isBefore(record, down[n - 1] as StoredRecord))).toBe(true);
      const up: StoredRecord[] = down.slice(-1);
      for (let page = up; page.length > 0; ) {
        page = [...(await trail.after(up.at(-1)?.position ?? '', size))];
        up.push(...page);
      }
      expect(up.slice(0, 300)).toEqual(down.toReversed());
    });

    it('returns every record to a reader of the newest records, whatever is appended meanwhile', async () => {
      const trail = open(100_000);
      await appendAll(trail, 'first', ['first']);
      const seen: StoredRecord[] = [];
      let from = (await trail.latest(1))[0]?.position ?? '';
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; n < 40; n++) await appendAll(trail, `${writer}/${n}`, tenants(5 + (n % 3)));
      });
      const written = Promise.all(writers);
      let isWritten = false;
      void written.then(() => {
        isWritten = true;
      });
      for (let more = true; more; ) {
        const wasWritten = isWritten;
        const page = await trail.after(from, 50);
        seen.push(...page);
        from = page.at(-1)?.position ?? from;
        more = !wasWritten || page.length > 0;
      }
      await written;
      const all = textsOf(await trail.latest(10_000)).slice(0, -1);
      expect(all.length).toBeGreaterThan(900);
      expect(textsOf(seen).toSorted()).toEqual(all.toSorted());
    });

    it('delivers each record of all tenants to one reader of a group', async () => {
      const trail = open(10_000);
      const readers = ['a', 'b'].map(() => trail.reader({ group: 'files', claimAfterMs: 60_000 }));
      const received: string[] = [];
      const drain = async (): Promise<void> => {
        const pages = readers.map(async (reader) => {
          const { records, lost } = await reader.read(20);
          expect([lost, records.length <= 20]).toEqual([0, true]);
          await reader.finish(records.map(({ position }) => position));
          received.push(...textsOf(records));
        });
        await Promise.all(pages);
      };
      for (let n = 0; n < 10; n++) {
        await appendAll(trail, String(n), tenants(30));
        await drain();
      }
      await waitFor(async () => {
        await drain();
        return received.length >= 300;
      }, 'all records to be received');
      expect(new Set(received).size).toBe(300);
      expect(received).toHaveLength(300);
      expect(await readers[0]?.behind()).toBe(0);
      for (const reader of readers) await reader.close();
    });

    it('writes a batch over three tenants once when it is appended twice', async () => {
      const trail = open(100);
      const three = ['acme', 'example', 'other'];
      await appendAll(trail, 'same', three);
      await appendAll(trail, 'same', three);
      expect(textsOf(await trail.latest(10)).toSorted()).toEqual(three.map((tenant) => JSON.stringify({ id: 'same', tenant })));
      const sums = await trail.usage([DAY]);
      expect(sums.map(({ tenant, calls }) => `${tenant} ${calls}`).toSorted()).toEqual(three.map((tenant) => `${tenant} 1`));
      const shards = new Set(three.map((tenant) => trail.shardOf(tenant)));
      for (const shard of shards) expect(await trail.has({ id: 'same', shard })).toBe(true);
    });

    it('drops the oldest records of all tenants beyond the limit', async () => {
      const trail = open(1_000);
      const records = async (): Promise<string[]> => textsOf(await trail.latest(10_000));
      // the quiet tenants stop, and the records of the busy one take their room
      for (let n = 0; n < 20; n++) await appendAll(trail, `quiet-${n}`, tenants(30));
      for (let n = 0; n < 30; n++) {
        const busy = Array.from({ length: 50 }, (_, one) => JSON.stringify({ n: n * 50 + one }));
        await trail.append({ id: `busy-${n}`, shard: trail.shardOf('busy'), records: busy, usage: [] });
      }
      await waitFor(async () => (await records()).length <= 1_200, 'the oldest records to be dropped');
      const kept = await records();
      expect(kept.length).toBeGreaterThanOrEqual(900);
      expect(kept[0]).toBe('{"n":1499}');
      expect(kept.filter((record) => record.includes('tenant')).length).toBeLessThan(100);
    });
  });
}
