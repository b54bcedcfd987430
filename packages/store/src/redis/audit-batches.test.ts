import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { Command } from 'ioredis';
import { type AuditBatch, combinationOf, USAGE_AMOUNTS, type UsageAmounts, type UsageSum } from '../ports/index.ts';
import { connect } from './adapters.contract.ts';
import { readLedger } from './audit-shards.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import type { Connections, RedisClient } from './connections.ts';
import { KeyLayout } from './key-layout.ts';
import { packedField } from './packed-usage.ts';

const target = { kind: 'single', url: process.env['TEST_REDIS_URL'] ?? '' } as const;
const DAY = '2026-11-24';
const PERIOD = '2026-11';
const MOST = Number.MAX_SAFE_INTEGER;
const TENANTS = Array.from({ length: 20 }, (_, n) => `tenant-${n}`);

let shared: Connections;
beforeAll(async () => {
  shared = await connect(target);
});
afterAll(() => shared.close());

const none = Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>;
const sumOf = (tenant: string, more: Partial<UsageSum> = {}): UsageSum => ({
  ...{ ...none, day: DAY, hour: '', tag: '', tenant, team: '', key: 'k', provider: 'p', model: 'm', calls: 1 },
  ...more,
});

const setUp = (client: RedisClient = shared.background) => {
  const layout = new KeyLayout(`test-${randomUUID()}`);
  const trail = new RedisAuditTrail(client, layout, 10_000);
  const append = (tenant: string, more: Partial<AuditBatch> = {}) =>
    trail.append({ id: randomUUID(), shard: trail.shardOf(tenant), records: [], usage: [], ...more });
  const usage = (tenant: string) => layout.usage(trail.shardOf(tenant), DAY, 'days');
  const ledger = (tenant: string) => layout.spent(trail.shardOf(tenant), PERIOD);
  const callsOf = async () => {
    const sums = await trail.usage([DAY]);
    return sums.map(({ tenant, calls }) => `${tenant} ${calls}`).toSorted();
  };
  return { layout, trail, append, usage, ledger, callsOf };
};

const spentOf = (tenant: string, amount: number, subject = 'k') => ({ tenant, subject, period: PERIOD, amount });

/** Adds a sum as versions before 0.3.0 do: one field per amount. */
async function addAsBefore(hash: string, sum: UsageSum): Promise<void> {
  for (const amount of USAGE_AMOUNTS) {
    if (sum[amount] !== 0) await shared.state.hincrby(hash, `${amount} ${combinationOf(sum)}`, sum[amount]);
  }
}

describe('usage sums with the fields of an earlier version', () => {
  it('adds both, while replicas of both versions write', async () => {
    const { append, usage, trail, layout } = setUp();
    const amount = fc.nat(1_000_000);
    const amounts = fc.record(Object.fromEntries(USAGE_AMOUNTS.map((one) => [one, amount])));
    const write = fc.record({
      by: fc.constantFrom('earlier', 'unsharded', 'present'),
      tenant: fc.constantFrom(...TENANTS.slice(0, 3)),
      amounts,
    });
    const expected = new Map<string, Record<keyof UsageAmounts, number>>();
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 6 }), async (writes) => {
        for (const { by, tenant, amounts: more } of writes) {
          const sum = sumOf(tenant, more);
          if (by === 'present') await append(tenant, { usage: [sum] });
          else await addAsBefore(by === 'earlier' ? usage(tenant) : layout.usage('unsharded', DAY, 'days'), sum);
          const known = expected.get(tenant) ?? { ...none };
          for (const one of USAGE_AMOUNTS) known[one] += sum[one];
          expected.set(tenant, known);
        }
        const order = (a: UsageSum, b: UsageSum) => (a.tenant < b.tenant ? -1 : 1);
        const sums = [...expected].map(([tenant, of]) => sumOf(tenant, of));
        expect((await trail.usage([DAY])).toSorted(order)).toEqual(sums.toSorted(order));
      }),
      { numRuns: propertyRuns(20) },
    );
  });

  it('continues a ledger that replicas of both versions increase', async () => {
    const { append, ledger, layout } = setUp();
    const earlier = (amount: number) => shared.state.hincrby(ledger('acme'), layout.spentOf('acme', 'k'), amount);
    await earlier(100);
    await append('acme', { spent: [spentOf('acme', 20), spentOf('acme', 3)] });
    await earlier(4_000);
    await append('acme', { spent: [spentOf('acme', 50_000)] });
    expect(await readLedger(shared.state, layout, { tenant: 'acme', subject: 'k', period: PERIOD })).toBe(54_123);
  });
});

describe('sums that cannot be added', () => {
  it('saturates sums at 2^53 - 1 and sets the amount aside, within a batch and across batches', async () => {
    const { append, trail, layout } = setUp();
    const usage = [sumOf('acme', { cost: MOST - 5 })];
    const spent = [spentOf('acme', MOST - 5)];
    expect(await append('acme', { usage, spent })).toMatchObject({ setAside: 0 });
    expect(await append('acme', { usage: [sumOf('acme', { cost: 5 })] })).toMatchObject({ setAside: 0 });
    expect(await append('acme', { usage, spent })).toMatchObject({ setAside: 2 });
    expect(await append('acme', { usage: [...usage, ...usage] })).toMatchObject({ setAside: 2 });
    expect(await trail.usage([DAY])).toEqual([sumOf('acme', { calls: 5, cost: MOST })]);
    expect(await readLedger(shared.state, layout, { tenant: 'acme', subject: 'k', period: PERIOD })).toBe(MOST);
  });

  it.each(['x', '1,,2', '1,null', '1],[2', '[1]'])('keeps an unreadable field %j, and writes the others', async (text) => {
    const { append, usage, trail } = setUp();
    const [bad, good] = [sumOf('acme', { key: 'bad', cost: 3 }), sumOf('acme', { key: 'good', cost: 4 })];
    await append('acme', { usage: [bad, good] });
    await shared.state.hset(usage('acme'), packedField(bad), text);
    const result = await append('acme', { usage: [bad, good], spent: [spentOf('acme', 1)] });
    expect(await shared.state.hget(usage('acme'), packedField(bad))).toBe(text);
    expect(result.setAside).toBe(2);
    const found = (await trail.usage([DAY])).find(({ key }) => key === 'good');
    expect(found).toMatchObject({ calls: 2, cost: 8 });
  });

  it('sets aside the amounts of a key of another type, and writes the rest of the batch', async () => {
    const { append, usage, trail, layout } = setUp();
    await shared.state.set(usage('acme'), 'not a hash');
    const batch = { records: ['{"n":1}'], usage: [sumOf('acme', { cost: 3 })], spent: [spentOf('acme', 7)] };
    expect(await append('acme', batch)).toEqual({ setAside: 2, lostData: false });
    expect(await trail.latest(10)).toMatchObject([{ record: '{"n":1}' }]);
    expect(await readLedger(shared.state, layout, { tenant: 'acme', subject: 'k', period: PERIOD })).toBe(7);
  });
});

describe('the hashes of sums', () => {
  it('adds up 2,500 combinations of one batch and of the next one', async () => {
    const { append, trail } = setUp();
    const usage = Array.from({ length: 2_500 }, (_, n) => sumOf('acme', { key: `key-${n}`, cost: n }));
    for (let n = 0; n < 2; n++) expect(await append('acme', { usage })).toEqual({ setAside: 0, lostData: false });
    const sums = await trail.usage([DAY]);
    expect(sums).toHaveLength(2_500);
    expect(sums.every(({ key, calls, cost }) => calls === 2 && cost === 2 * Number(key.slice(4)))).toBe(true);
  });

  it('gives hashes their retention, except the ledger of budgets without a period', async () => {
    const { append, usage, ledger, trail, layout } = setUp();
    const total = { ...spentOf('acme', 1), period: 'total' };
    const write = () => append('acme', { usage: [sumOf('acme')], spent: [spentOf('acme', 1), total] });
    await write();
    await write();
    const days = async (name: string) => Math.round((await shared.state.pttl(name)) / 86_400_000);
    expect(await days(usage('acme'))).toBe(400);
    expect(await days(ledger('acme'))).toBe(40);
    expect(await shared.state.pttl(layout.spent(trail.shardOf('acme'), 'total'))).toBe(-1);
  });

  it('stores a table from the first combination on, because Redis searches short hashes from their beginning', async () => {
    const { append, usage, trail } = setUp();
    await append('acme', { usage: [sumOf('acme')] });
    await append('acme', { usage: [sumOf('acme', { key: 'another' })] });
    await append('acme', { usage: [sumOf('acme')] });
    expect(await shared.state.object('ENCODING', usage('acme'))).toBe('hashtable');
    expect((await trail.usage([DAY])).map(({ key, calls }) => `${key} ${calls}`).toSorted()).toEqual(['another 1', 'k 2']);
  });
});

describe('the batches of one turn of the event loop', () => {
  /** The shared connection, with a function for its commands. */
  const clientWith = (sendCommand: (command: Command) => unknown): RedisClient =>
    new Proxy(shared.background, {
      get: (of, name) => {
        if (name === 'sendCommand') return sendCommand;
        const value: unknown = Reflect.get(of, name);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  const once = TENANTS.map((tenant) => `${tenant} 1`).toSorted();

  it('sends one script, with a result for each batch', async () => {
    let scripts = 0;
    const { append, callsOf } = setUp(
      clientWith((command) => {
        scripts++;
        return shared.background.sendCommand(command);
      }),
    );
    const ids = new Map(TENANTS.map((tenant) => [tenant, randomUUID()]));
    const write = (tenant: string) => append(tenant, { id: ids.get(tenant) as string, usage: [sumOf(tenant, { cost: -1 })] });
    await append('tenant-0', { id: ids.get('tenant-0') as string, usage: [sumOf('tenant-0')] });
    scripts = 0;
    const results = await Promise.all(TENANTS.map(write));
    expect(scripts).toBe(1);
    expect(results.map(({ setAside }) => setAside)).toEqual([0, ...TENANTS.slice(1).map(() => 1)]);
    expect(await callsOf()).toEqual(once);
  });

  it('divides many records among several scripts', async () => {
    let scripts = 0;
    const { append, trail } = setUp(
      clientWith((command) => {
        scripts++;
        return shared.background.sendCommand(command);
      }),
    );
    const records = Array.from({ length: 400 }, (_, n) => `{"n":${n}}`);
    await Promise.all(TENANTS.slice(0, 6).map((tenant) => append(tenant, { records })));
    expect(scripts).toBe(3);
    expect(await trail.latest(5_000)).toHaveLength(2_400);
  });

  it('sends one script per batch to a server that divides its keys like a Cluster', async () => {
    let refused = 0;
    const { append, callsOf } = setUp(
      clientWith((command) => {
        const keys = command.args.slice(2, 2 + Number(command.args[1])).map((key) => /\{(.*?)\}/.exec(String(key))?.[1]);
        if (new Set(keys).size === 1) return shared.background.sendCommand(command);
        refused++;
        return Promise.reject(new Error("CROSSSLOT Keys in request don't hash to the same slot"));
      }),
    );
    await Promise.all(TENANTS.slice(0, 10).map((tenant) => append(tenant, { usage: [sumOf(tenant)] })));
    await Promise.all(TENANTS.slice(10).map((tenant) => append(tenant, { usage: [sumOf(tenant)] })));
    expect(refused).toBe(1);
    expect(await callsOf()).toEqual(once);
  });

  it('rejects every batch of a script that fails, and writes them once after that', async () => {
    let isDown = true;
    const { append, callsOf } = setUp(
      clientWith(async (command) => {
        const answer = await shared.background.sendCommand(command);
        if (isDown) throw new Error('Command timed out');
        return answer;
      }),
    );
    const ids = new Map(TENANTS.map((tenant) => [tenant, randomUUID()]));
    const write = (tenant: string) => append(tenant, { id: ids.get(tenant) as string, usage: [sumOf(tenant)] });
    const results = await Promise.allSettled(TENANTS.map(write));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    isDown = false;
    await Promise.all(TENANTS.map(write));
    expect(await callsOf()).toEqual(once);
  });
});
