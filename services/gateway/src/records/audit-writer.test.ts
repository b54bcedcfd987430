import { describe, expect, it, jest } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { AuditRecord } from '@sluice/proxies';
import { MemoryAuditTrail } from '@sluice/store/memory';
import type { AuditTrail, BudgetName } from '@sluice/store/ports';
import { AuditWriter } from './audit-writer.ts';

const DAY = '2026-11-24';

const record = (tenant: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ time: `${DAY}T10:00:00.000Z`, requestId: 'r', outcome: 'answered', status: 200, error: null },
  ...{ key: 'k', tenant, route: 'POST /v1/chat/completions', model: 'm', target: 'p/m', provider: 'p', attempts: 1 },
  ...{ inputTokens: 10, outputTokens: 5, costNanos: 500_000_000, latencyMs: 3, cache: 'miss', tags: {} },
  ...more,
});
const charged = (tenant: string) => [{ tenant, subject: 'k', period: '2026-11', endsAtMs: undefined, reserved: 1 }];

function setUp(change: (trail: AuditTrail) => Partial<AuditTrail> = () => ({}), settlements = Promise.resolve()) {
  const store = new MemoryAuditTrail(100);
  const trail: AuditTrail = {
    shardOf: () => store.shardOf(),
    append: (...batch) => store.append(...batch),
    has: (batch) => store.has(batch),
    onReconnect: () => () => {},
    latest: (...of) => store.latest(...of),
    after: (...of) => store.after(...of),
    reader: (options) => store.reader(options),
    usage: (...of) => store.usage(...of),
    ...change(store),
  };
  const raised = jest.fn(async (_budgets: readonly BudgetName[]) => {});
  const setAside = { inc: jest.fn() };
  const dropped = { inc: jest.fn() };
  const writer = new AuditWriter({
    trail,
    settlements: { done: () => settlements },
    meters: { raiseToLedger: raised },
    logLines: () => {},
    metrics: { auditDropped: dropped, auditSetAside: setAside } as never,
    health: { success: () => {}, failure: () => {} },
  });
  return { store, writer, raised, setAside, dropped };
}

describe('AuditWriter', () => {
  it.each([9e24, Number.NaN, -1])(
    'stores a record with an implausible cost of %p nano-dollars, and adds it to no sum',
    async (costNanos) => {
      const { store, writer, setAside } = setUp();
      for (let n = 0; n < 20; n++) writer.write(record('innocent'), charged('innocent'));
      writer.write(record('bad', { costNanos }), charged('bad'));
      for (let n = 0; n < 20; n++) writer.write(record('innocent'), charged('innocent'));
      await writer.flush();
      writer.close();
      const sums = await store.usage([DAY]);
      expect(sums).toHaveLength(1);
      expect(sums[0]).toMatchObject({ tenant: 'innocent', calls: 40, cost: 20e9 });
      expect(await store.latest(100)).toHaveLength(41);
      expect(setAside.inc).toHaveBeenCalledTimes(1);
    },
  );

  it('writes records after the settlements that are being retried', async () => {
    let settle = () => {};
    const settlements = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const appended: string[] = [];
    const { writer } = setUp(
      (store) => ({
        append: (...batch) => {
          appended.push('append');
          return store.append(...batch);
        },
      }),
      settlements,
    );
    writer.write(record('a'), charged('a'));
    const flushed = writer.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(appended).toEqual([]);
    settle();
    await flushed;
    writer.close();
    expect(appended).toEqual(['append']);
  });

  it('rewrites batches that the store lost as soon as it notices, and raises the budgets to the ledger', async () => {
    const lost = new Set<string>();
    const batches: string[] = [];
    const { writer, raised } = setUp((store) => ({
      append: async (batch, before) => {
        batches.push(batch.id);
        lost.delete(batch.id);
        await store.append(batch);
        return { setAside: 0, lostData: before !== undefined && lost.has(before) };
      },
      has: async ({ id }) => !lost.has(id),
    }));
    writer.write(record('acme'), charged('acme'));
    await writer.flush();
    writer.write(record('acme'), charged('acme'));
    await writer.flush();
    expect(raised).not.toHaveBeenCalled();
    for (const id of batches) lost.add(id);
    const [first, second] = batches;
    writer.write(record('acme'), charged('acme'));
    await writer.flush();
    await new Promise((resolve) => setImmediate(resolve));
    writer.close();
    expect(batches.slice(3)).toEqual([first, second]);
    expect(raised).toHaveBeenCalledWith([{ tenant: 'acme', subject: 'k', meter: 'budget', period: '2026-11' }]);
  });

  describe('with a shard of each tenant', () => {
    const TENANTS = ['one', 'two', 'three'];
    /** A trail whose shard of `two` fails. Also returns each batch that was written, with the id of the previous one. */
    function setUpShards() {
      const failing = { now: true };
      const written: { tenant: string; id: string; before: string | undefined; records: number }[] = [];
      const trail = setUp((store) => ({
        shardOf: (tenant) => TENANTS.indexOf(tenant),
        append: async (batch, before) => {
          const tenant = TENANTS[batch.shard] as string;
          if (tenant === 'two' && failing.now) throw new Error('unavailable');
          written.push({ tenant, id: batch.id, before, records: batch.records.length });
          return store.append(batch);
        },
      }));
      const writtenOf = (tenant: string) => written.filter((one) => one.tenant === tenant);
      return { ...trail, failing, written, writtenOf };
    }

    it('writes the records of the other shards when one fails, reports it, and writes its records later', async () => {
      const { writer, store, failing, writtenOf } = setUpShards();
      for (const tenant of TENANTS) writer.write(record(tenant), charged(tenant));
      await expect(writer.flush()).rejects.toThrow('unavailable');
      expect([writtenOf('one'), writtenOf('three')]).toMatchObject([[{ records: 1 }], [{ records: 1 }]]);
      for (const tenant of TENANTS) writer.write(record(tenant), charged(tenant));
      await expect(writer.flush()).rejects.toThrow('unavailable');
      expect(await store.latest(10)).toHaveLength(4);
      failing.now = false;
      await writer.flush();
      writer.close();
      expect(await store.latest(10)).toHaveLength(6);
      const sums = await store.usage([DAY]);
      expect(sums.map(({ tenant, calls }) => `${tenant} ${calls}`).sort()).toEqual(['one 2', 'three 2', 'two 2']);
    });

    it('passes the id of the previous batch of the same shard', async () => {
      const { writer, failing, writtenOf } = setUpShards();
      failing.now = false;
      for (const tenants of [TENANTS, ['one'], ['three'], TENANTS]) {
        for (const tenant of tenants) writer.write(record(tenant), charged(tenant));
        await writer.flush();
      }
      writer.close();
      for (const tenant of TENANTS) {
        const ids = writtenOf(tenant).map(({ id }) => id);
        expect(writtenOf(tenant).map(({ before }) => before)).toEqual([undefined, ...ids.slice(0, -1)]);
      }
    });

    it('drops records of the failing shard only, beyond a bound', async () => {
      const { writer, dropped, written } = setUpShards();
      writer.write(record('one'), []);
      for (let n = 0; n < 11_000; n++) writer.write(record('two'), []);
      expect(dropped.inc).toHaveBeenCalledTimes(1_001);
      for (let n = 0; n < 100; n++) writer.write(record('three'), []);
      await expect(writer.flush()).rejects.toThrow('unavailable');
      writer.close();
      expect(dropped.inc).toHaveBeenCalledTimes(1_001);
      expect(written.map(({ tenant, records }) => [tenant, records])).toEqual([
        ['one', 1],
        ['three', 100],
      ]);
    });
  });

  it('repeats a failed check for lost records', async () => {
    let reconnected = () => {};
    let checks = 0;
    const { writer, raised } = setUp(() => ({
      onReconnect: (listener) => {
        reconnected = listener;
        return () => {};
      },
      has: async () => {
        checks++;
        if (checks === 1) throw new Error('away');
        return false;
      },
    }));
    writer.write(record('acme'), charged('acme'));
    await writer.flush();
    reconnected();
    await waitFor(() => raised.mock.calls.length > 0, 'the budgets to be raised');
    writer.close();
    expect(checks).toBe(2);
  });
});
