import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock, waitFor } from '@sluice/core/testing';
import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import { type AuditReader, USAGE_AMOUNTS, type UsageAmounts, type UsageSum } from '../ports/index.ts';
import { connect, wait } from './adapters.contract.ts';
import { auditShardOf, readLedger } from './audit-shards.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCallCheckpoints } from './call-checkpoints.ts';
import type { Connections } from './connections.ts';
import { KeyLayout } from './key-layout.ts';
import { budgetField } from './meter-fields.ts';
import { RedisMeters } from './meters.ts';

const target = { kind: 'single', url: process.env['TEST_REDIS_URL'] ?? '' } as const;
const DAY = '2026-11-24';
const PERIOD = '2026-11';
const TENANTS = Array.from({ length: 20 }, (_, n) => `tenant-${n}`);

let shared: Connections;
beforeAll(async () => {
  shared = await connect(target);
});
afterAll(() => shared.close());

const sumOf = (tenant: string, calls: number): UsageSum => ({
  ...(Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>),
  ...{ day: DAY, hour: '', tag: '', tenant, team: '', key: 'k', provider: 'p', model: 'm', calls },
});

/** The keys of versions before 0.3.0, and what those versions do with them. */
class EarlierVersion {
  readonly prefix = `test-${randomUUID()}`;
  readonly #stream = `${this.prefix}:{audit}:stream`;

  /** Returns the position of the record. */
  async append(tenant: string, record: string, amount = 1): Promise<string> {
    const combination = JSON.stringify([tenant, '', 'k', 'p', 'm', '', '']);
    await shared.state.hincrby(`${this.prefix}:{audit}:usage:${DAY}`, `calls ${combination}`, 1);
    await shared.state.hincrby(`${this.prefix}:{audit}:spent:${PERIOD}`, `${tenant} k`, amount);
    return (await shared.state.xadd(this.#stream, '*', 'record', record)) as string;
  }

  async createGroup(): Promise<void> {
    await shared.state.xgroup('CREATE', this.#stream, 'files', '0', 'MKSTREAM');
  }

  async read(count: number): Promise<string[]> {
    const args = ['GROUP', 'files', 'earlier', 'COUNT', count, 'STREAMS', this.#stream, '>'] as const;
    const [[, entries] = ['', []]] = ((await shared.state.xreadgroup(...args)) ?? []) as [string, [string, string[]][]][];
    if (entries.length > 0) await shared.state.xack(this.#stream, 'files', ...entries.map(([id]) => id));
    return entries.map(([, fields]) => fields[1] ?? '');
  }
}

const trailWith = (prefix: string, shards?: number): RedisAuditTrail =>
  new RedisAuditTrail(shared.background, new KeyLayout(prefix, shards), 10_000);

/** Appends a record of a tenant, its call and its spend. */
const append = (trail: RedisAuditTrail, tenant: string, record: string, amount = 1) =>
  trail.append({
    ...{ id: randomUUID(), shard: trail.shardOf(tenant), records: [record], usage: [sumOf(tenant, 1)] },
    spent: [{ tenant, subject: 'k', period: PERIOD, amount }],
  });

const textsOf = (records: readonly { readonly record: string }[]): string[] => records.map(({ record }) => record);

/** Receives and finishes all records of a group. */
async function drain(reader: AuditReader): Promise<string[]> {
  const received: string[] = [];
  for (;;) {
    const { records } = await reader.read(7);
    if (records.length === 0) return received;
    await reader.finish(records.map(({ position }) => position));
    received.push(...textsOf(records));
  }
}

/** The shared connection with other functions for some commands. */
const clientWith = (commands: Readonly<Record<string, (...args: never[]) => unknown>>) =>
  new Proxy(shared.background, {
    get: (of, name) => {
      const command = typeof name === 'string' ? commands[name] : undefined;
      if (command !== undefined) return command;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });

describe('the shard of a tenant', () => {
  it.each([
    ['acme', 16, 15],
    ['acme', 256, 175],
    ['app', 16, 12],
    ['Ünïcode 株', 16, 15],
  ])('assigns the tenant %j, of %i shards, to number %i in every version', (tenant, shards, shard) => {
    expect(auditShardOf(tenant, shards)).toBe(shard);
  });

  it('spreads tenants evenly', () => {
    const counts = new Map<number, number>();
    for (let n = 0; n < 16_000; n++) {
      const shard = auditShardOf(`tenant-${n}`, 16);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});

describe('the audit trail with the keys of a version without shards', () => {
  it('finds earlier and present records, by earlier and present positions', async () => {
    const earlier = new EarlierVersion();
    const old: string[] = [];
    for (const [n, tenant] of TENANTS.entries()) old.push(await earlier.append(tenant, `old ${n}`));
    const trail = trailWith(earlier.prefix);
    for (const [n, tenant] of TENANTS.entries()) await append(trail, tenant, `new ${n}`);
    const all = await trail.latest(100);
    expect(all).toHaveLength(40);
    expect(textsOf(all.slice(20))).toEqual(TENANTS.map((_, n) => `old ${n}`).toReversed());
    // the id of a record does not change
    expect(all.slice(20).map(({ position }) => position)).toEqual(old.toReversed());
    expect(all.slice(0, 20).every(({ position }) => /^\d+-\d+-\d+$/.test(position))).toBe(true);
    expect(textsOf(await trail.latest(2, old[5]))).toEqual(['old 4', 'old 3']);
    expect(textsOf(await trail.after(old[17] as string, 100)).toSorted()).toEqual(
      ['old 18', 'old 19', ...TENANTS.map((_, n) => `new ${n}`)].toSorted(),
    );
    expect(await trail.latest(100, all[19]?.position)).toEqual(all.slice(20));
  });

  it('adds earlier sums of usage to present ones, once', async () => {
    const earlier = new EarlierVersion();
    const trail = trailWith(earlier.prefix);
    for (const tenant of TENANTS) {
      await earlier.append(tenant, '{}');
      await append(trail, tenant, '{}');
      await append(trail, tenant, '{}');
    }
    const sums = await trail.usage([DAY]);
    expect(sums.map(({ tenant, calls }) => [tenant, calls]).toSorted()).toEqual(TENANTS.map((tenant) => [tenant, 3]).toSorted());
  });

  it('continues a drain at the position of its group, while replicas of both versions write and read', async () => {
    const earlier = new EarlierVersion();
    await earlier.createGroup();
    await earlier.append('a', 'old 0');
    expect(await earlier.read(1)).toEqual(['old 0']);
    const trail = trailWith(earlier.prefix);
    const reader = trail.reader({ group: 'files', claimAfterMs: 60_000 });
    const received: string[] = [];
    const expected: string[] = [];
    for (const [n, tenant] of TENANTS.entries()) {
      await earlier.append(tenant, `old ${n + 1}`);
      await append(trail, tenant, `new ${n}`);
      expected.push(`old ${n + 1}`, `new ${n}`);
      if (n % 3 === 0) received.push(...(await earlier.read(1)));
      if (n % 5 === 0) received.push(...(await drain(reader)));
    }
    received.push(...(await drain(reader)));
    expect(received.toSorted()).toEqual(expected.toSorted());
    expect(await reader.behind()).toBe(0);
    expect(await earlier.read(10)).toEqual([]);
  });

  it('seeds budgets with the earlier ledger and the present one', async () => {
    const earlier = new EarlierVersion();
    const layout = new KeyLayout(earlier.prefix);
    const meters = new RedisMeters({ state: shared.state, background: shared.background, layout, wait });
    await earlier.append('acme', '{}', 300);
    await append(trailWith(earlier.prefix), 'acme', '{}', 150);
    const name = { tenant: 'acme', subject: 'k', meter: 'budget', period: PERIOD };
    expect((await meters.budget(name)).spent).toBe(450);
    const charge = {
      kind: 'budget',
      meter: 'budget',
      limit: 1_000,
      amount: 10,
      period: PERIOD,
      endsAtMs: undefined,
      leaseMs: 30_000,
    } as const;
    const result = await meters.reserve({ tenant: 'acme', subject: 'k', callId: 'c', charges: [charge] });
    expect(result).toMatchObject({ admitted: true, reserved: [{ state: { remaining: 540 } }] });
    // after the loss of its counter, a known budget is raised to both
    await shared.state.hset(layout.subject('acme', 'k'), budgetField('budget', PERIOD), '20,0,0,0,0');
    await meters.raiseToLedger([name]);
    expect((await meters.budget(name)).spent).toBe(450);
  });

  it('claims the calls of crashed replicas of both versions', async () => {
    const earlier = new EarlierVersion();
    const clock = new ManualClock(1_700_000_000_000);
    await shared.state.zadd(`${earlier.prefix}:{audit}:underway`, clock.now() * 1_000, 'old-replica');
    await shared.state.hset(`${earlier.prefix}:{audit}:underway:old-replica`, 'call-1', 'state-1');
    const checkpoints = new RedisCallCheckpoints(shared.background, new KeyLayout(earlier.prefix), clock);
    await checkpoints.heartbeat({ replica: 'new-replica', calls: [{ callId: 'call-2', state: 'state-2' }] });
    expect(await checkpoints.claimOrphans(30_000)).toEqual([]);
    clock.advance(30_000);
    const claimed = await checkpoints.claimOrphans(30_000);
    expect(claimed.map(({ callId, state }) => `${callId} ${state}`).toSorted()).toEqual(['call-1 state-1', 'call-2 state-2']);
    expect(await checkpoints.claimOrphans(30_000)).toEqual([]);
  });

  it('drops earlier records when newer ones reach the limit', async () => {
    const earlier = new EarlierVersion();
    for (let n = 0; n < 50; n++) await earlier.append('acme', `old ${n}`);
    const trail = new RedisAuditTrail(shared.background, new KeyLayout(earlier.prefix), 200);
    for (let n = 0; n < 500; n++) await append(trail, TENANTS[n % 20] as string, `new ${n}`);
    await waitFor(
      async () => (await shared.state.xlen(`${earlier.prefix}:{audit}:stream`)) === 0,
      'the old records to be dropped',
    );
    expect((await trail.latest(1_000)).length).toBeLessThan(400);
  });
});

describe('a changed number of shards', () => {
  it.each([
    [4, 16],
    [16, 4],
    [16, 1],
    [1, 256],
  ])('loses nothing: from %i to %i', async (before, after) => {
    const prefix = `test-${randomUUID()}`;
    const [first, second] = [trailWith(prefix, before), trailWith(prefix, after)];
    for (const tenant of TENANTS) await append(first, tenant, `first ${tenant}`, 100);
    const group = { group: 'files', claimAfterMs: 60_000 };
    const drained = await drain(first.reader(group));
    for (const tenant of TENANTS) await append(second, tenant, `second ${tenant}`, 20);
    // the replicas with the earlier number are still running
    for (const tenant of TENANTS) await append(first, tenant, `third ${tenant}`, 3);
    const expected = ['first', 'second', 'third'].flatMap((word) => TENANTS.map((tenant) => `${word} ${tenant}`));
    for (const trail of [first, second, trailWith(prefix, 2)]) {
      expect(textsOf(await trail.latest(1_000)).toSorted()).toEqual(expected.toSorted());
      const sums = await trail.usage([DAY]);
      expect(sums.map(({ tenant, calls }) => [tenant, calls]).toSorted()).toEqual(
        TENANTS.map((tenant) => [tenant, 3]).toSorted(),
      );
    }
    for (const tenant of TENANTS) {
      for (const shards of [before, after, 2]) {
        const layout = new KeyLayout(prefix, shards);
        expect(await readLedger(shared.state, layout, { tenant, subject: 'k', period: PERIOD })).toBe(123);
      }
    }
    drained.push(...(await drain(second.reader(group))));
    expect(drained.toSorted()).toEqual(expected.toSorted());
  });

  it('leaves no crashed call without a record', async () => {
    const layouts = [32, 2].map((shards) => new KeyLayout('test-checkpoints', shards));
    const clock = new ManualClock(1_700_000_000_000);
    const [before, after] = layouts.map((layout) => new RedisCallCheckpoints(shared.background, layout, clock));
    const replicas = TENANTS.map(() => randomUUID());
    for (const replica of replicas) await before?.heartbeat({ replica, calls: [{ callId: replica, state: 'x' }] });
    clock.advance(30_000);
    const claimed = (await after?.claimOrphans(30_000)) ?? [];
    expect(claimed.map(({ callId }) => callId).toSorted()).toEqual(replicas.toSorted());
  });
});

describe('a page of the newest records', () => {
  it('includes each record that a shard receives while another is read', async () => {
    const prefix = `test-${randomUUID()}`;
    const layout = new KeyLayout(prefix);
    const writer = trailWith(prefix);
    const [a = '', b = ''] = TENANTS;
    expect(writer.shardOf(a)).not.toBe(writer.shardOf(b));
    await append(writer, a, 'first');
    const [first] = await writer.latest(1);
    let appended: Promise<void> | undefined;
    const appendBoth = async (): Promise<void> => {
      await append(writer, a, 'late a');
      await sleep(3);
      await append(writer, b, 'late b');
    };
    /** Reads the shard of `b` late: the shard of `a` was read before both records, and that of `b` after them. */
    const xrange = async (stream: string, ...args: [string, string, 'COUNT', number]) => {
      if (stream === layout.auditStream(writer.shardOf(b))) {
        appended ??= sleep(20).then(appendBoth);
        await appended;
      }
      return shared.background.xrange(stream, ...args);
    };
    const trail = new RedisAuditTrail(clientWith({ xrange }), layout, 100);
    const found: string[] = [];
    let from = first?.position ?? '';
    for (let n = 0; n < 3; n++) {
      const page = await trail.after(from, 10);
      found.push(...textsOf(page));
      from = page.at(-1)?.position ?? from;
    }
    expect(found).toEqual(['late a', 'late b']);
  });
});

describe('a shard that fails', () => {
  it('delays no record of the others in a drain, and is reported', async () => {
    const prefix = `test-${randomUUID()}`;
    const trail = trailWith(prefix);
    const reader = trail.reader({ group: 'files', claimAfterMs: 60_000 });
    const failing = trail.shardOf('acme');
    await shared.state.set(`${prefix}:{audit:${failing}}:stream`, 'not a stream');
    const others = TENANTS.filter((tenant) => trail.shardOf(tenant) !== failing);
    for (const tenant of others) await append(trail, tenant, tenant);
    const received: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { records, failure } = await reader.read(100);
      expect(String(failure)).toContain('WRONGTYPE');
      await reader.finish(records.map(({ position }) => position));
      received.push(...textsOf(records));
    }
    expect(received.toSorted()).toEqual(others.toSorted());
  });
});

describe('a shard that does not respond', () => {
  it('receives one command of a drain, which continues with the others', async () => {
    const prefix = `test-${randomUUID()}`;
    const layout = new KeyLayout(prefix);
    const trail = trailWith(prefix);
    const failing = layout.auditStream(trail.shardOf('acme'));
    let asked = 0;
    const xinfo = async (what: 'GROUPS', stream: string) => {
      if (stream !== failing) return shared.background.xinfo(what, stream);
      asked++;
      await sleep(50);
      throw new Error('Command timed out');
    };
    const reader = new RedisAuditTrail(clientWith({ xinfo }), layout, 100).reader({ group: 'files', claimAfterMs: 60_000 });
    const others = TENANTS.filter((tenant) => layout.auditStream(trail.shardOf(tenant)) !== failing);
    const received: string[] = [];
    for (const tenant of others) {
      await append(trail, tenant, tenant);
      const { records, failure } = await reader.read(100);
      expect(failure).toEqual(new Error('Command timed out'));
      received.push(...textsOf(records));
    }
    expect(received).toEqual(others);
    expect(asked).toBe(1);
  });

  it('delays no write by the list of the numbers of shards', async () => {
    let attempts = 0;
    const hsetnx = async () => {
      attempts++;
      await sleep(20);
      throw new Error('Command timed out');
    };
    const trail = new RedisAuditTrail(clientWith({ hsetnx }), new KeyLayout(`test-${randomUUID()}`), 100);
    await append(trail, 'acme', 'first');
    const beforeMs = performance.now();
    for (let n = 0; n < 20; n++) await append(trail, 'acme', 'later');
    // twenty awaited attempts take 400 ms
    expect(performance.now() - beforeMs).toBeLessThan(300);
    expect(attempts).toBeGreaterThan(1);
    expect(await trail.latest(100)).toHaveLength(21);
  });
});

describe('the cost of a batch of one tenant', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());

  it('runs one script with the commands of its records and amounts', async () => {
    const observer = new Redis(server.url);
    const connections = await connect({ kind: 'single', url: server.url });
    const trail = new RedisAuditTrail(connections.background, new KeyLayout(), 1_000);
    const write = (id: string, before?: string) => {
      const batch = { id, shard: trail.shardOf('acme'), records: ['{}', '{}', '{}'], usage: [sumOf('acme', 1)] };
      return trail.append({ ...batch, spent: [{ tenant: 'acme', subject: 'k', period: PERIOD, amount: 1 }] }, before);
    };
    await write('1');
    await observer.config('RESETSTAT');
    await write('2', '1');
    const stats = await observer.info('commandstats');
    const counts = Object.fromEntries(
      [...stats.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(([, name, calls]) => [name as string, Number(calls)]),
    );
    delete counts['config|resetstat'];
    delete counts['info'];
    expect(counts).toEqual({ evalsha: 1, strlen: 1, set: 1, xadd: 3, hmget: 2, hset: 2 });
    observer.disconnect();
    await connections.close();
  });
});
