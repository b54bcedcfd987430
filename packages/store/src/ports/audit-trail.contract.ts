import { describe, expect, it } from '@jest/globals';
import { propertyRuns, waitFor } from '@sluice/core/testing';
import fc from 'fast-check';
import type { AuditBatch, AuditReader, AuditTrail } from './audit-trail.ts';
import {
  addUsage,
  combinationOf,
  USAGE_AMOUNTS,
  USAGE_TABLES,
  type UsageAmounts,
  type UsageOf,
  type UsageSum,
  usageTableOf,
} from './usage-sums.ts';

const batch = (id: string, records: readonly string[], usage: readonly UsageSum[] = [], shard = 0): AuditBatch => ({
  ...{ id, shard, records, usage },
});

const name = fc.constantFrom('', 'a', 'b c', 'd"e', 'ü');
const amount = fc.nat(1_000_000);
const detail = fc.constantFrom(
  { hour: '', tag: '' },
  { hour: '07', tag: '' },
  { hour: '', tag: 'user=a' },
  { hour: '', tag: 'b=":"' },
);
const daySum = fc.record({
  day: fc.constantFrom('2026-11-23', '2026-11-24'),
  ...({ tenant: name, team: name, key: name, provider: name, model: name } satisfies Record<keyof UsageOf, unknown>),
  ...(Object.fromEntries(USAGE_AMOUNTS.map((one) => [one, amount])) as Record<keyof UsageAmounts, typeof amount>),
});
const reason = fc.constantFrom({}, { reason: 'rate_limit_exceeded' }, { reason: 'upstream_error' });
const usageSum: fc.Arbitrary<UsageSum> = fc
  .tuple(daySum, detail, reason)
  .map(([sum, more, why]) => ({ ...sum, ...more, ...why }));
const total = (sums: readonly UsageSum[], one: keyof UsageAmounts): number => sums.reduce((sum, usage) => sum + usage[one], 0);

/** Every adapter of `AuditTrail` passes this; `open` gives an empty one. */
export function auditTrailContract(adapter: string, open: (maxRecords: number) => AuditTrail): void {
  describe(`audit trail (${adapter})`, () => {
    it('stores records in order and returns the newest first', async () => {
      const trail = open(100);
      await trail.append(batch('1', ['{"n":1}', '{"n":2}']));
      await trail.append(batch('2', ['{"n":3}']));
      const newest = await trail.latest(2);
      expect(newest.map(({ record }) => record)).toEqual(['{"n":3}', '{"n":2}']);
      // what comes meanwhile moves nothing
      await trail.append(batch('3', ['{"n":4}']));
      const older = await trail.latest(2, newest[1]?.position);
      expect(older.map(({ record }) => record)).toEqual(['{"n":1}']);
      expect(await trail.latest(2, older[0]?.position)).toEqual([]);
      for (const { position } of [...newest, ...older]) expect(position).toMatch(/^\d+-\d+(-\d+)?$/);
      expect(await trail.latest(10)).toHaveLength(4);
    });

    it('sets aside amounts that cannot be added, and writes the rest of the batch exactly once', async () => {
      const trail = open(100);
      const sum = (tenant: string, more: Partial<UsageSum>): UsageSum => ({
        ...{ day: '2026-11-24', hour: '', tag: '', tenant, team: '', key: 'k', provider: 'p', model: 'm' },
        ...(Object.fromEntries(USAGE_AMOUNTS.map((one) => [one, 0])) as Record<keyof UsageAmounts, number>),
        ...{ calls: 1, ...more },
      });
      const bad = [Number.NaN, -1, 0.5, 9e18, Number.POSITIVE_INFINITY].map((cost) => sum('bad', { cost }));
      const usage = [...bad, sum('good', { cost: 7 })];
      const spent = [9e18, -1].map((amount) => ({ tenant: 'bad', subject: 'k', period: '2026-11', amount }));
      expect(await trail.append({ id: '1', shard: 0, records: ['{"n":1}'], usage, spent })).toEqual({
        setAside: 7,
        lostData: false,
      });
      await trail.append({ id: '1', shard: 0, records: ['{"n":1}'], usage, spent });
      const sums = await trail.usage(['2026-11-24']);
      expect(sums.find(({ tenant }) => tenant === 'good')).toMatchObject({ calls: 1, cost: 7 });
      expect(sums.find(({ tenant }) => tenant === 'bad')).toMatchObject({ calls: 5, cost: 0 });
      expect(await trail.latest(10)).toHaveLength(1);
    });

    it('reports that the previous batch is lost', async () => {
      const trail = open(100);
      const append = (id: string, before?: string) => trail.append(batch(id, ['{}']), before);
      expect(await append('1')).toMatchObject({ lostData: false });
      expect(await append('2', '1')).toMatchObject({ lostData: false });
      expect(await append('3', 'never written')).toMatchObject({ lostData: true });
    });

    it('returns the records after a given record, oldest first', async () => {
      const trail = open(100);
      await trail.append(batch('1', ['{"n":1}', '{"n":2}', '{"n":3}']));
      const [last, , first] = await trail.latest(3);
      expect((await trail.after(first?.position ?? '', 10)).map(({ record }) => record)).toEqual(['{"n":2}', '{"n":3}']);
      expect((await trail.after(first?.position ?? '', 1)).map(({ record }) => record)).toEqual(['{"n":2}']);
      expect(await trail.after(last?.position ?? '', 10)).toEqual([]);
      await trail.append(batch('2', ['{"n":4}']));
      const [newest] = await trail.after(last?.position ?? '', 10);
      expect(newest).toEqual((await trail.latest(1))[0]);
    });

    it('delivers each record to one reader of a group, and again if that reader has not acknowledged it', async () => {
      const trail = open(1_000);
      await trail.append(batch('1', ['{"n":1}', '{"n":2}', '{"n":3}']));
      const join = () => trail.reader({ group: 'files', claimAfterMs: 200 });
      const [a, b] = [join(), join()];
      const read = async (reader: AuditReader, count: number) => (await reader.read(count)).records;
      const first = await read(a, 2);
      expect(first.map(({ record }) => record)).toEqual(['{"n":1}', '{"n":2}']);
      expect(first[1]?.position).toBe((await trail.latest(3))[1]?.position);
      expect((await read(b, 2)).map(({ record }) => record)).toEqual(['{"n":3}']);
      expect(await read(b, 2)).toEqual([]);
      expect(await a.behind()).toBe(3);
      await a.finish(first.slice(0, 1).map(({ position }) => position));
      expect(await b.behind()).toBe(2);
      // an open record is claimed after the timeout, even if its reader and the claiming reader are new
      const c = join();
      await waitFor(async () => (await c.behind()) === 2, 'the group to be known');
      const taken = new Set<string>();
      await waitFor(async () => {
        for (const { record } of await read(c, 10)) taken.add(record);
        return taken.size === 2;
      }, 'what was left to be taken over');
      expect([...taken].sort()).toEqual(['{"n":2}', '{"n":3}']);
      // another purpose has a position of its own
      expect(await read(trail.reader({ group: 'hook', claimAfterMs: 60_000 }), 10)).toHaveLength(3);
      for (const reader of [a, b, c]) await reader.close();
    });

    it('continues at the position of a group after all its readers have closed, with the newer records', async () => {
      const trail = open(1_000);
      const first = trail.reader({ group: 'files', claimAfterMs: 60_000 });
      expect(await first.read(10)).toEqual({ records: [], lost: 0 });
      await trail.append(batch('1', ['{"n":1}']));
      const { records } = await first.read(10);
      await first.finish(records.map(({ position }) => position));
      await first.close();
      await trail.append(batch('2', ['{"n":2}']));
      const second = trail.reader({ group: 'files', claimAfterMs: 60_000 });
      expect(await second.behind()).toBe(1);
      expect((await second.read(10)).records.map(({ record }) => record)).toEqual(['{"n":2}']);
    });

    it('delivers the unacknowledged records of a closed reader to another reader', async () => {
      const trail = open(1_000);
      const join = () => trail.reader({ group: 'files', claimAfterMs: 50 });
      const first = join();
      await trail.append(batch('1', ['{"n":1}']));
      await first.read(10);
      await first.close();
      const second = join();
      expect(await second.behind()).toBe(1);
      await waitFor(async () => (await second.read(10)).records.length === 1, 'what was left');
    });

    it('returns the number of records that were dropped before they were read', async () => {
      const trail = open(100);
      const reader = trail.reader({ group: 'slow', claimAfterMs: 60_000 });
      await reader.read(1);
      for (let n = 0; n < 20; n++)
        await trail.append(
          batch(
            `lost-${n}`,
            Array.from({ length: 50 }, (_, one) => `{"n":${n * 50 + one}}`),
          ),
        );
      let [read, lost] = [0, 0];
      for (let more = true; more; ) {
        const part = await reader.read(100);
        read += part.records.length;
        lost += part.lost;
        more = part.records.length > 0;
        await reader.finish(part.records.map(({ position }) => position));
      }
      expect(read + lost).toBe(1_000);
      expect(lost).toBeGreaterThan(500);
      expect(await reader.behind()).toBe(0);
    });

    it('reports which batches were written', async () => {
      const trail = open(100);
      await trail.append(batch('1', ['{"n":1}']));
      expect([await trail.has(batch('1', [])), await trail.has(batch('2', []))]).toEqual([true, false]);
    });

    it('writes a batch once when it is appended twice', async () => {
      const trail = open(100);
      await trail.append(batch('same', ['{"n":1}']));
      await trail.append(batch('same', ['{"n":1}']));
      expect(await trail.latest(10)).toMatchObject([{ record: '{"n":1}' }]);
    });

    it('drops the oldest records beyond the limit', async () => {
      const trail = open(100);
      for (let round = 0; round < 20; round++) {
        const records = Array.from({ length: 50 }, (_, n) => `{"n":${round * 50 + n}}`);
        await trail.append(batch(`b${round}`, records));
      }
      const kept = (await trail.latest(1_000)).map(({ record }) => record);
      expect(kept[0]).toBe('{"n":999}');
      expect(kept.length).toBeLessThanOrEqual(300);
    });

    it('adds up usage by day and combination, each batch once', async () => {
      let batches = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(usageSum, { maxLength: 8 }), { maxLength: 5 }), async (all) => {
          const trail = open(100);
          for (const usage of all) {
            const id = `usage-${batches++}`;
            await trail.append(batch(id, [], usage));
            await trail.append(batch(id, [], usage));
          }
          for (const day of ['2026-11-23', '2026-11-24']) {
            for (const table of USAGE_TABLES) {
              const found = await trail.usage([day], table);
              const expected = addUsage(
                all.flat().filter((sum) => sum.day === day && usageTableOf(sum) === table),
                combinationOf,
              );
              const written = [...expected.values()].filter((sum) => USAGE_AMOUNTS.some((one) => sum[one] !== 0));
              const order = (a: UsageSum, b: UsageSum) => (combinationOf(a) < combinationOf(b) ? -1 : 1);
              const kept = found.filter((sum) => USAGE_AMOUNTS.some((one) => sum[one] !== 0));
              expect(kept.sort(order)).toEqual(written.sort(order));
            }
          }
        }),
        { numRuns: propertyRuns(30) },
      );
    });

    it('sums a day of 100,000 calls exactly, and returns the sum in under 200 ms', async () => {
      const trail = open(100);
      let cost = 0;
      for (let round = 0; round < 200; round++) {
        const usage = Array.from({ length: 500 }, (_, n): UsageSum => {
          const call = round * 500 + n;
          cost += call;
          return {
            day: '2026-11-24',
            hour: '',
            tag: '',
            tenant: `t${call % 10}`,
            team: `m${call % 50}`,
            key: `k${call % 100}`,
            provider: 'p',
            model: `m${call % 5}`,
            ...(Object.fromEntries(USAGE_AMOUNTS.map((one) => [one, 0])) as Record<keyof UsageAmounts, number>),
            calls: 1,
            cost: call,
            inputTokens: 10,
          };
        });
        const added = addUsage(usage, ({ key, model }) => `${key}/${model}`);
        await trail.append(batch(`day-${round}`, [], [...added.values()]));
      }
      const before = performance.now();
      const found = await trail.usage(['2026-11-24']);
      expect(performance.now() - before).toBeLessThan(200);
      expect([total(found, 'calls'), total(found, 'cost'), total(found, 'inputTokens')]).toEqual([100_000, cost, 1_000_000]);
    });
  });
}
