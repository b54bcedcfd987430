import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import type { Admitted, Charge, Meters, ReservationResult } from '../ports/index.ts';
import { connect, ownLayout, wait } from './adapters.contract.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import type { Connections } from './connections.ts';
import { RedisMeters } from './meters.ts';
import { sharedGroup } from './tenant-groups.ts';

const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;
const charges: readonly Charge[] = [
  { kind: 'window', meter: 'requests', limit: 1_000, windowMs: 60_000, amount: 1 },
  { kind: 'window', meter: 'tokens', limit: 100_000, windowMs: 60_000, amount: 500 },
  { kind: 'concurrency', meter: 'concurrent', limit: 10, leaseMs: 30_000 },
  { kind: 'budget', meter: 'budget', limit: 1e12, amount: 900, period: 'now', endsAtMs: START_MS + 10 * DAY_MS, leaseMs: 30_000 },
];

// its own server, because the tests count all commands
let server: RedisServer;
let connections: Connections;
beforeAll(async () => {
  ensureRedisServer();
  server = await startRedisServer();
  connections = await connect({ kind: 'single', url: server.url });
});
afterAll(async () => {
  await connections.close();
  await server.stop();
});

const setUp = () => {
  const layout = ownLayout();
  const clock = new ManualClock(START_MS);
  const replica = () => new RedisMeters({ ...connections, layout, wait, clock });
  const meters = replica();
  const reserve = (callId: string, some = charges, by: Meters = meters) =>
    by.reserve({ tenant: 't', subject: 'k', callId, charges: some });
  const settle = async (callId: string, result: ReservationResult, actual = 100, by: Meters = meters) => {
    if (!result.admitted) throw new Error(`${callId} was refused`);
    await by.settle({ tenant: 't', subject: 'k', callId, charges: settled(result, actual) });
  };
  /** Settles a call whose reservation is unknown, as after the crash of its replica. */
  const settleOrphan = (callId: string, by: Meters = meters) =>
    by.settle({
      ...{ tenant: 't', subject: 'k', callId },
      charges: charges.filter(({ kind }) => kind === 'budget').map((charge) => ({ charge, actual: 100 })),
    });
  const spent = async (period = 'now') => (await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period })).spent;
  const subject = () => connections.state.hgetall(layout.subject('t', 'k'));
  return { layout, clock, meters, replica, reserve, settle, settleOrphan, spent, subject };
};

const settled = ({ reserved }: Admitted, actual: number) =>
  reserved.map((one) => ({ ...one, actual: one.charge.meter === 'requests' ? 1 : actual }));

/** Returns the number of all commands that Redis has run, also within scripts. */
const commands = async (): Promise<number> => {
  const info = await connections.state.info('commandstats');
  const counted = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return counted.reduce((sum, [, name, calls]) => (/^(evalsha|eval|info|ping)$/.test(name ?? '') ? sum : sum + Number(calls)), 0);
};

describe('the limits in Redis', () => {
  it('needs at most 10 commands in scripts for the reservation and settlement of a call with four meters', async () => {
    const { reserve, settle } = setUp();
    await settle('first', await reserve('first'));
    const before = await commands();
    for (let n = 0; n < 10; n++) await settle(`call-${n}`, await reserve(`call-${n}`));
    expect((await commands()) - before).toBeLessThanOrEqual(100);
  });

  it('reads and writes each meter once for all calls of a turn', async () => {
    const { reserve, settle } = setUp();
    await settle('first', await reserve('first'));
    const before = await commands();
    const results = await Promise.all(Array.from({ length: 8 }, (_, n) => reserve(`call-${n}`)));
    await Promise.all(results.map((result, n) => settle(`call-${n}`, result)));
    expect((await commands()) - before).toBeLessThanOrEqual(10);
  });

  it('leaves no key and no field of a settled call', async () => {
    const { layout, reserve, settle, subject } = setUp();
    await settle('first', await reserve('first'));
    const keys = await connections.state.dbsize();
    const fields = Object.keys(await subject());
    for (let n = 0; n < 20; n++) await settle(`call-${n}`, await reserve(`call-${n}`));
    expect(await connections.state.dbsize()).toBe(keys);
    expect(Object.keys(await subject())).toEqual(fields);
    const [calls] = await connections.state.keys(layout.calls(sharedGroup('t'), '*'));
    expect(await connections.state.hkeys(calls as string)).toEqual(['@']);
  });

  it('decides more calls of a turn than one script takes', async () => {
    const { reserve, settle, spent } = setUp();
    const [, , , budget] = charges as [Charge, Charge, Charge, Charge];
    const ids = Array.from({ length: 450 }, (_, n) => `call-${n}`);
    const results = await Promise.all(ids.map((id) => reserve(id, [budget])));
    await Promise.all(results.map((result, n) => settle(ids[n] as string, result, 2)));
    expect(await spent()).toBe(900);
  });

  it('counts a confirmed call once that is settled after Redis lost the calls in flight', async () => {
    const { layout, clock, reserve, settle, spent } = setUp();
    const lost = await reserve('lost');
    clock.advance(1);
    await connections.state.del(await connections.state.keys(layout.calls(sharedGroup('t'), '*')));
    await settle('other', await reserve('other'), 1);
    for (let n = 0; n < 3; n++) await settle('lost', lost);
    expect(await spent()).toBe(101);
  });

  it('counts a call once that another replica settles because it takes the replica for crashed', async () => {
    const { replica, reserve, settle, settleOrphan, spent, meters } = setUp();
    const other = replica();
    const stalled = await reserve('stalled');
    await settleOrphan('stalled', other);
    await settle('stalled', stalled);
    expect(await spent()).toBe(100);
    expect(await meters.budget({ tenant: 't', subject: 'k', meter: 'budget', period: 'now' })).toMatchObject({ reserved: 0 });
  });

  it('counts a long call once that its replica settled before it crashed', async () => {
    const { replica, reserve, settle, settleOrphan, spent } = setUp();
    const time = jest.spyOn(performance, 'now');
    try {
      const nowMs = performance.now();
      time.mockReturnValue(nowMs);
      const crashed = await reserve('crashed');
      time.mockReturnValue(nowMs + 1_000);
      await settle('crashed', crashed);
    } finally {
      time.mockRestore();
    }
    await settleOrphan('crashed', replica());
    expect(await spent()).toBe(100);
  });

  it('returns the slots of a call of several limits when they are released', async () => {
    const { meters, reserve, subject } = setUp();
    const [requests, , slots] = charges as [Charge, Charge, Charge, Charge];
    const result = await reserve('call', [slots, requests, { ...slots, subject: '@team:web' }]);
    expect(result.admitted).toBe(true);
    const held = { kind: 'concurrency', tenant: 't', callId: 'call', meter: 'concurrent', leaseMs: 30_000 } as const;
    await meters.release([
      { ...held, subject: 'k' },
      { ...held, subject: '@team:web' },
    ]);
    expect((await subject())['c:concurrent']).toMatch(/^0,/);
  });

  it('expires a subject unless calls or renewals follow, and keeps one whose budget has no end', async () => {
    const { layout, clock, meters, reserve } = setUp();
    const [requests, , slots, budget] = charges as [Charge, Charge, Charge, Charge];
    const ttlMs = () => connections.state.pttl(layout.subject('t', 'k'));
    await reserve('1', [requests, slots]);
    expect(await ttlMs()).toBeGreaterThan(61_000 - 1_000);
    expect(await ttlMs()).toBeLessThanOrEqual(92_000);
    clock.advance(89_000);
    await reserve('2', [requests, slots]);
    await meters.renew([{ kind: 'concurrency', tenant: 't', subject: 'k', callId: '2', meter: 'concurrent', leaseMs: 300_000 }]);
    expect(await ttlMs()).toBeGreaterThan(300_000 - 1_000);
    await reserve('3', [{ ...budget, endsAtMs: undefined } as Charge]);
    expect(await ttlMs()).toBe(-1);
  });

  it('admits calls after a full window although a lease of slots has ended in between', async () => {
    const { clock, reserve, subject } = setUp();
    const [, , slots] = charges as [Charge, Charge, Charge, Charge];
    const requests = { kind: 'window', meter: 'requests', limit: 4, windowMs: 60_000, amount: 1 } as const;
    for (let n = 0; n < 3; n++) await reserve(`early-${n}`, [requests, slots]);
    clock.advance(20_000);
    await reserve('late', [requests, slots]);
    // the first sub-window has left the window, and the lease has ended
    clock.advance(41_000);
    expect(await reserve('next', [requests, slots])).toMatchObject({
      admitted: true,
      reserved: [{ state: { remaining: 2 } }, {}],
    });
    expect((await subject())['w:requests:60000']).toMatch(/^\d+,2,1,/);
  });

  it('removes the budgets of past periods and expired windows when a new period begins', async () => {
    const { clock, reserve, settle, subject, spent } = setUp();
    const [requests, , , budget] = charges as [Charge, Charge, Charge, Charge];
    await settle('1', await reserve('1', [requests, { ...budget, period: 'past', endsAtMs: START_MS + 1_000 } as Charge]));
    expect(Object.keys(await subject())).toContain('b:budget:past');
    clock.advance(DAY_MS + 2_000);
    await reserve('2', [{ ...budget, period: 'next' } as Charge]);
    expect(Object.keys(await subject()).filter((name) => !name.includes('@'))).toEqual(['x', 'b:budget:next']);
    expect(await spent('next')).toBe(0);
  });

  it('continues the budget of an earlier version, or the ledger if that has more', async () => {
    const { layout, reserve, spent } = setUp();
    const [, , , budget] = charges as [Charge, Charge, Charge, Charge];
    const trail = new RedisAuditTrail(connections.background, layout, 10);
    const ledger = (period: string, amount: number) =>
      trail.append({
        id: period,
        shard: trail.shardOf('t'),
        records: [],
        usage: [],
        spent: [{ tenant: 't', subject: 'k', period, amount }],
      });
    await connections.state.hset(layout.formerBudget('t', 'k', 'budget', 'now'), 's', 700);
    await ledger('now', 500);
    await connections.state.hset(layout.formerBudget('t', 'k', 'budget', 'later'), 's', 700);
    await ledger('later', 900);
    await reserve('1', [budget, { ...budget, period: 'later' } as Charge]);
    expect([await spent('now'), await spent('later')]).toEqual([700, 900]);
  });
});
