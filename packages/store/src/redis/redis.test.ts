import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { adaptersContract, connect, ownLayout, wait } from './adapters.contract.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCache } from './cache.ts';
import { RedisCircuits } from './circuits.ts';
import type { Connections } from './connections.ts';
import { KeyLayout } from './key-layout.ts';
import { RedisKeys } from './keys.ts';
import { RedisMeters } from './meters.ts';
import { RedisProviderStats } from './provider-stats.ts';
import { RedisSignInAttempts } from './sign-in-attempts.ts';
import { RedisTargetLoads } from './target-loads.ts';

const target = { kind: 'single', url: process.env['TEST_REDIS_URL'] ?? '' } as const;

adaptersContract('Redis', () => target);

let shared: Connections;
beforeAll(async () => {
  shared = await connect(target);
});
afterAll(() => shared.close());

const metersAt = (layout: KeyLayout): RedisMeters =>
  new RedisMeters({ state: shared.state, background: shared.background, layout, wait });

describe('the keys in Redis', () => {
  it('gives every key a time to live or a bound', async () => {
    const prefix = `test-${randomUUID()}`;
    const layout = new KeyLayout(prefix);
    const charge = { kind: 'window', meter: 'requests', limit: 5, windowMs: 60_000, amount: 1 } as const;
    const slot = { kind: 'concurrency', meter: 'concurrent', limit: 5, leaseMs: 30_000 } as const;
    await metersAt(layout).reserve({ tenant: 't', subject: 'k', callId: 'c', charges: [charge, slot] });
    await metersAt(layout).release([
      { kind: 'concurrency', tenant: 't', subject: 'k', callId: 'd', meter: 'concurrent', leaseMs: 30_000 },
    ]);
    await new RedisProviderStats(shared.background, layout).add('b', { calls: 1 }, { calls: 1 });
    await new RedisAuditTrail(shared.background, layout, 10).append({ id: 'b', shard: 3, records: ['{}'], usage: [] });
    await new RedisSignInAttempts(shared.state, layout, { name: 'a', limit: 5, windowS: 60 }, wait).count('x');
    const circuits = new RedisCircuits({ ...shared, layout, wait });
    await circuits.open('up/m', 1_000);
    await circuits.startCooldown('up/m', 1_000);
    const report = { inFlight: 1, waiting: 1, limit: 2, first: { count: 1, meanMs: 5 } };
    await new RedisTargetLoads(shared.background, layout).exchange('a-replica', new Map([['up/m', report]]));
    const nowMs = systemClock.now();
    const entry = { contentType: 'x', body: Buffer.from('x'), streamed: false, provider: 'p', providerModel: 'm' };
    await new RedisCache(shared.state, layout, wait, systemClock).set(
      { scope: 's', namespace: '', model: 'm', digest: 'd' },
      { ...entry, storedAtMs: nowMs, expiresAtMs: nowMs + 9_000 },
    );
    await new RedisKeys({ ...shared, layout, wait, waitLonger: wait }).put({
      name: 'n',
      hash: 'h',
      tenant: 't',
      limits: {},
      createdAtMs: 1,
    });

    // bounded by the number of keys, targets, replicas and stored records (docs/redis.md)
    const bounded = new Set([
      layout.keyRecords,
      layout.keyNames,
      layout.statsTotals,
      layout.auditStream(3),
      layout.auditShardCounts,
      layout.circuits,
      layout.replicas,
    ]);
    const aDay = new Set([layout.loads, layout.speeds, `${layout.loadOf}a-replica`]);
    const names = await shared.state.keys(`${prefix}*`);
    expect(names.length).toBeGreaterThan(bounded.size + 5);
    for (const name of names) {
      const ttlMs = await shared.state.pttl(name);
      if (bounded.has(name)) expect([name, ttlMs]).toEqual([name, -1]);
      else expect([name, ttlMs > 0 && ttlMs <= (aDay.has(name) ? 86_400_000 : 600_000)]).toEqual([name, true]);
    }
  });

  it('gives a subject with a budget a time to live until one day after the period, whatever its calls', async () => {
    const layout = ownLayout();
    const meters = metersAt(layout);
    const endsAtMs = systemClock.now() + 60_000;
    const of = { tenant: 't', subject: 'k' };
    const charge = { kind: 'budget', meter: 'budget', limit: 100, amount: 10, period: 'p', endsAtMs, leaseMs: 30_000 } as const;
    for (const callId of ['1', '2']) {
      await meters.reserve({ ...of, callId, charges: [charge] });
      const ttlMs = await shared.state.pttl(layout.subject('t', 'k'));
      expect(ttlMs).toBeGreaterThan(86_400_000);
      expect(ttlMs).toBeLessThanOrEqual(86_460_000);
      await meters.settle({ ...of, callId, charges: [{ charge, actual: 5 }] });
    }
  });

  it('removes the slots of dead replicas, also from a limit that is always in use', async () => {
    const layout = ownLayout();
    const clock = new ManualClock(1_700_000_000_000);
    const replica = () => new RedisMeters({ state: shared.state, background: shared.background, layout, wait, clock });
    const [dead, alive] = [replica(), replica()];
    const charge = { kind: 'concurrency', meter: 'concurrent', limit: 50, leaseMs: 30_000 } as const;
    const reserve = async (callId: string, meters = alive) => {
      const result = await meters.reserve({ tenant: 't', subject: 'k', callId, charges: [charge] });
      return result.admitted ? result.reserved[0]?.state.remaining : undefined;
    };
    for (let n = 0; n < 40; n++) await reserve(`dead-${n}`, dead);
    clock.advance(30_000);
    for (let n = 0; n < 8; n++) {
      clock.advance(1);
      expect(await reserve(`alive-${n}`)).toBe(49 - n);
    }
    const fields = await shared.state.hgetall(layout.subject('t', 'k'));
    expect(fields['c:concurrent']).toMatch(/^8,/);
    expect(Object.keys(fields).filter((name) => name.startsWith('c:concurrent@'))).toHaveLength(1);
  });

  it('sends the text of a script when the server does not have it, without the SCRIPT command', async () => {
    const meters = metersAt(ownLayout());
    const charge = { kind: 'window', meter: 'requests', limit: 5, windowMs: 60_000, amount: 1 } as const;
    await meters.reserve({ tenant: 't', subject: 'k', callId: '1', charges: [charge] });
    await shared.state.script('FLUSH');
    const result = await meters.reserve({ tenant: 't', subject: 'k', callId: '2', charges: [charge] });
    expect(result).toMatchObject({ admitted: true, reserved: [{ state: { remaining: 3 } }] });
  });
});
