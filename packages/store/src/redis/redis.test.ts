import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { attemptsContract } from '../ports/attempts.contract.ts';
import { auditTrailContract } from '../ports/audit-trail.contract.ts';
import { cacheContract } from '../ports/cache.contract.ts';
import { keysContract } from '../ports/keys.contract.ts';
import { metersContract } from '../ports/meters.contract.ts';
import { providerStatsContract } from '../ports/provider-stats.contract.ts';
import { slidingWindowContract } from '../ports/sliding-window.contract.ts';
import { RedisAttempts } from './attempts.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCache } from './cache.ts';
import { type Connections, openConnections } from './connections.ts';
import { waitAtMost } from './deadline.ts';
import { KeyLayout } from './key-layout.ts';
import { RedisKeys } from './keys.ts';
import { RedisMeters } from './meters.ts';
import { RedisProviderStats } from './provider-stats.ts';

const url = process.env['TEST_REDIS_URL'] ?? '';
/** Ample, because these tests are about what is answered and not when. */
const wait = waitAtMost(5_000);
const opened: Connections[] = [];

async function connect(): Promise<Connections> {
  const connections = openConnections({ kind: 'single', url }, undefined, { onState: () => {} });
  opened.push(connections);
  const { state, background, subscriber } = connections;
  await waitFor(() => [state, background, subscriber].every((client) => client.status === 'ready'), 'Redis to be connected');
  return connections;
}

const ownLayout = (): KeyLayout => new KeyLayout(`test-${randomUUID()}`);
let shared: Connections;

beforeAll(async () => {
  shared = await connect();
});
afterAll(async () => {
  for (const connections of opened) await connections.close();
});

const metersAt = (layout: KeyLayout, clock?: Clock): RedisMeters =>
  new RedisMeters({
    state: shared.state,
    background: shared.background,
    layout,
    wait,
    ...(clock === undefined ? {} : { clock }),
  });

metersContract('Redis', (clock) => metersAt(ownLayout(), clock));
cacheContract('Redis', (clock) => new RedisCache(shared.state, ownLayout(), wait, clock));
keysContract('Redis', async () => {
  const layout = ownLayout();
  const again = async () => {
    const { state, subscriber } = await connect();
    const keys = new RedisKeys({ state, subscriber, layout, wait });
    await waitFor(async () => {
      const [, subscribers] = (await state.pubsub('NUMSUB', layout.keyChannel)) as [string, number];
      return Number(subscribers) > 0;
    }, 'the subscription');
    return keys;
  };
  return { keys: await again(), again };
});
providerStatsContract('Redis', (clock) => new RedisProviderStats(shared.background, ownLayout(), clock));
auditTrailContract('Redis', (maxRecords) => new RedisAuditTrail(shared.background, ownLayout(), maxRecords));
const windowLayout = ownLayout();
const windowConnections: Connections[] = [];
beforeAll(async () => {
  for (let n = 0; n < 4; n++) windowConnections.push(await connect());
});
slidingWindowContract('Redis', 60, (clock, connection) => {
  const { state, background } = windowConnections[connection] as Connections;
  return new RedisMeters({ state, background, layout: windowLayout, wait, clock });
});
attemptsContract('Redis', (limit) => new RedisAttempts(shared.state, ownLayout(), limit, wait));

describe('what Redis keeps', () => {
  it('has a time to live or a bound for every key', async () => {
    const prefix = `test-${randomUUID()}`;
    const layout = new KeyLayout(prefix);
    const hold = { kind: 'window', meter: 'requests', limit: 5, windowMs: 60_000, amount: 1 } as const;
    const place = { kind: 'concurrency', meter: 'concurrent', limit: 5, leaseMs: 30_000 } as const;
    await metersAt(layout).reserve({ tenant: 't', subject: 'k', callId: 'c', holds: [hold, place] });
    await metersAt(layout).release([{ tenant: 't', subject: 'k', callId: 'd', meter: 'concurrent', leaseMs: 30_000 }]);
    await new RedisProviderStats(shared.background, layout).add('b', { calls: 1 }, { calls: 1 });
    await new RedisAuditTrail(shared.background, layout, 10).append('b', ['{}']);
    await new RedisAttempts(shared.state, layout, { name: 'a', limit: 5, windowS: 60 }, wait).count('x');
    const nowMs = systemClock.now();
    const entry = { contentType: 'x', body: Buffer.from('x'), streamed: false, provider: 'p', providerModel: 'm' };
    await new RedisCache(shared.state, layout, wait, systemClock).set(
      { scope: 's', digest: 'd' },
      { ...entry, storedAtMs: nowMs, expiresAtMs: nowMs + 9_000 },
    );
    await new RedisKeys({ ...shared, layout, wait }).put({ name: 'n', hash: 'h', tenant: 't', limits: {}, createdAtMs: 1 });

    // bounded by the number of keys, of targets and of kept records, as docs/redis.md says
    const bounded = new Set([layout.keyRecords, layout.keyNames, layout.statsTotals, layout.auditStream]);
    const names = await shared.state.keys(`${prefix}*`);
    expect(names.length).toBeGreaterThan(bounded.size + 5);
    for (const name of names) {
      const ttlMs = await shared.state.pttl(name);
      if (bounded.has(name)) expect([name, ttlMs]).toEqual([name, -1]);
      else expect([name, ttlMs > 0 && ttlMs <= 600_000]).toEqual([name, true]);
    }
  });

  it('needs no SCRIPT command, and sends the text where the server has forgotten it', async () => {
    const meters = metersAt(ownLayout());
    const hold = { kind: 'window', meter: 'requests', limit: 5, windowMs: 60_000, amount: 1 } as const;
    await meters.reserve({ tenant: 't', subject: 'k', callId: '1', holds: [hold] });
    await shared.state.script('FLUSH');
    const result = await meters.reserve({ tenant: 't', subject: 'k', callId: '2', holds: [hold] });
    expect(result).toMatchObject({ admitted: true, meters: [{ remaining: 3 }] });
  });
});
