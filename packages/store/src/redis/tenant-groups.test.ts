import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { Command } from 'ioredis';
import type { Charge, ReservationResult } from '../ports/index.ts';
import { connect, ownLayout, wait } from './adapters.contract.ts';
import type { Connections, RedisClient } from './connections.ts';
import { RedisMeters } from './meters.ts';
import { sharedGroup } from './tenant-groups.ts';

const target = { kind: 'single', url: process.env['TEST_REDIS_URL'] ?? '' } as const;
const START_MS = 1_700_000_000_000;
const TENANTS = Array.from({ length: 20 }, (_, n) => `tenant-${n}`);
const charges: readonly Charge[] = [
  { kind: 'window', meter: 'requests', limit: 5, windowMs: 60_000, amount: 1 },
  { kind: 'concurrency', meter: 'concurrent', limit: 1, leaseMs: 30_000 },
  { kind: 'budget', meter: 'budget', limit: 1_000, amount: 100, period: 'now', endsAtMs: undefined, leaseMs: 30_000 },
];

let shared: Connections;
beforeAll(async () => {
  shared = await connect(target);
});
afterAll(() => shared.close());

/** A connection with a function for its commands. */
const clientWith = (client: RedisClient, sendCommand: (command: Command) => unknown): RedisClient =>
  new Proxy(client, {
    get: (of, name) => {
      if (name === 'sendCommand') return sendCommand;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });

type Intercept = (command: Command, send: () => unknown) => unknown;

const setUp = (intercept: Intercept = (_, send) => send()) => {
  const layout = ownLayout();
  const [state, background] = [shared.state, shared.background].map((client) =>
    clientWith(client, (command) => intercept(command, () => client.sendCommand(command))),
  ) as [RedisClient, RedisClient];
  const meters = new RedisMeters({ state, background, layout, wait, clock: new ManualClock(START_MS) });
  const reserve = (callId: string) =>
    Promise.allSettled(TENANTS.map((tenant) => meters.reserve({ tenant, subject: 'k', callId, charges })));
  const settle = (callId: string, results: readonly PromiseSettledResult<ReservationResult>[]) =>
    Promise.allSettled(
      results.map((result, n) => {
        const reserved = result.status === 'fulfilled' && result.value.admitted ? result.value.reserved : [];
        const ended = reserved.map((one) => ({ ...one, actual: 1 }));
        return meters.settle({ tenant: TENANTS[n] as string, subject: 'k', callId, charges: ended });
      }),
    );
  const isAdmitted = (result: PromiseSettledResult<ReservationResult>): boolean =>
    result.status === 'fulfilled' && result.value.admitted;
  const budgets = () =>
    Promise.all(TENANTS.map((tenant) => meters.budget({ tenant, subject: 'k', meter: 'budget', period: 'now' })));
  return { layout, meters, reserve, settle, isAdmitted, budgets };
};

const keysOf = ({ args }: Command): string[] => args.slice(2, 2 + Number(args[1])).map(String);

describe('calls of twenty tenants in one turn of the event loop', () => {
  it('sends one script per group of tenants', async () => {
    let scripts = 0;
    const { reserve, settle, isAdmitted, budgets } = setUp((command, send) => {
      if (command.name === 'evalsha') scripts++;
      return send();
    });
    await settle('first', await reserve('first'));
    const groups = new Set(TENANTS.map(sharedGroup)).size;
    scripts = 0;
    const results = await reserve('call');
    expect(results.every(isAdmitted)).toBe(true);
    expect(scripts).toBe(groups);
    await settle('call', results);
    expect(scripts).toBe(2 * groups);
    expect(await budgets()).toEqual(TENANTS.map(() => ({ spent: 2, reserved: 0, leased: 0 })));
  });

  it('decides more limits of a turn than one script takes', async () => {
    const { meters } = setUp();
    const subjects = Array.from({ length: 350 }, (_, n) => ({ tenant: `tenant-${n % 20}`, subject: `key-${n}`, callId: `${n}` }));
    const results = await Promise.all(subjects.map((one) => meters.reserve({ ...one, charges })));
    expect(results.every(({ admitted }) => admitted)).toBe(true);
    const settled = results.map((result) => (result.admitted ? result.reserved.map((one) => ({ ...one, actual: 1 })) : []));
    await Promise.all(subjects.map((one, n) => meters.settle({ ...one, charges: settled[n] ?? [] })));
    const states = await Promise.all(subjects.map((one) => meters.budget({ ...one, meter: 'budget', period: 'now' })));
    expect(states).toEqual(subjects.map(() => ({ spent: 1, reserved: 0, leased: 0 })));
  });

  it('rejects only the calls of a tenant whose limits are unreadable', async () => {
    const { layout, reserve, settle, isAdmitted, budgets } = setUp();
    const before = await reserve('before');
    const [broken = '', ...others] = TENANTS;
    const key = layout.subject(broken, 'k');
    await shared.state.set(key, 'not a hash');
    const ends = await settle('before', before);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', ...others.map(() => 'fulfilled')]);
    const results = await reserve('call');
    expect(results.map(isAdmitted)).toEqual([false, ...others.map(() => true)]);
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('WRONGTYPE') } });
    await shared.state.del(key);
    expect((await budgets()).slice(1)).toEqual(others.map(() => ({ spent: 1, reserved: 100, leased: 0 })));
  });

  it('sends a script per tenant to a server that divides its keys like a Cluster', async () => {
    let refused = 0;
    const { layout, meters, reserve, settle, isAdmitted, budgets } = setUp((command, send) => {
      const tags = new Set(keysOf(command).map((key) => /\{(.*?)\}/.exec(key)?.[1]));
      if (command.name !== 'evalsha' || tags.size === 1) return send();
      refused++;
      return Promise.reject(new Error("CROSSSLOT Keys in request don't hash to the same slot"));
    });
    const results = await reserve('call');
    expect(results.every(isAdmitted)).toBe(true);
    expect(refused).toBe(new Set(TENANTS.map(sharedGroup)).size);
    expect((await reserve('over the limit')).some(isAdmitted)).toBe(false);
    await meters.renew([
      { kind: 'concurrency', tenant: 'tenant-0', subject: 'k', callId: 'call', meter: 'concurrent', leaseMs: 30_000 },
    ]);
    expect(await shared.state.keys(layout.calls('t:tenant-0', '*'))).toHaveLength(1);
    await settle('call', results);
    expect(await budgets()).toEqual(TENANTS.map(() => ({ spent: 1, reserved: 0, leased: 0 })));
    expect((await reserve('next')).every(isAdmitted)).toBe(true);
  });
});
