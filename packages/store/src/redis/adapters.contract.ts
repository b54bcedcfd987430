import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Clock } from '@sluice/core';
import { waitFor } from '@sluice/core/testing';
import { MemoryMeters } from '../memory/index.ts';
import { accountObjectsContract } from '../ports/account-objects.contract.ts';
import { auditShardsContract } from '../ports/audit-shards.contract.ts';
import { auditTrailContract } from '../ports/audit-trail.contract.ts';
import { budgetsContract } from '../ports/budgets.contract.ts';
import { cacheContract } from '../ports/cache.contract.ts';
import { callCheckpointsContract } from '../ports/call-checkpoints.contract.ts';
import { conversationsContract } from '../ports/conversations.contract.ts';
import { idempotentCallsContract } from '../ports/idempotent-calls.contract.ts';
import { keysContract } from '../ports/keys.contract.ts';
import { meterBatchesContract } from '../ports/meter-batches.contract.ts';
import { metersContract } from '../ports/meters.contract.ts';
import { providerStatsContract } from '../ports/provider-stats.contract.ts';
import { quotaLeasesContract } from '../ports/quota-leases.contract.ts';
import { registryContract } from '../ports/registry.contract.ts';
import { semanticCountsContract } from '../ports/semantic-counts.contract.ts';
import { semanticIndexContract } from '../ports/semantic-index.contract.ts';
import { settlementContract } from '../ports/settlement.contract.ts';
import { circuitsContract } from '../ports/shared-circuits.contract.ts';
import { attemptsContract } from '../ports/sign-in-attempts.contract.ts';
import { slidingWindowContract } from '../ports/sliding-window.contract.ts';
import { storedResponsesContract } from '../ports/stored-responses.contract.ts';
import { targetLoadsContract } from '../ports/target-loads.contract.ts';
import { RedisAccountObjects } from './account-objects.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCache } from './cache.ts';
import { RedisCallCheckpoints } from './call-checkpoints.ts';
import { RedisCircuits } from './circuits.ts';
import { type Connections, openConnections, type RedisTarget } from './connections.ts';
import { RedisConversations } from './conversations.ts';
import { withTimeout } from './deadline.ts';
import { RedisIdempotentCalls } from './idempotent-calls.ts';
import { KeyLayout } from './key-layout.ts';
import { RedisKeys } from './keys.ts';
import { budgetField } from './meter-fields.ts';
import { RedisMeters } from './meters.ts';
import { RedisProviderStats } from './provider-stats.ts';
import { RedisRegistry } from './registry.ts';
import { RedisSemanticCounts } from './semantic-counts.ts';
import { RedisSemanticIndex } from './semantic-index.ts';
import { RedisSignInAttempts } from './sign-in-attempts.ts';
import { RedisStoredResponses } from './stored-responses.ts';
import { RedisTargetLoads } from './target-loads.ts';

/** Long, because these tests check responses and not timing. */
export const wait = withTimeout(5_000);

const PERIOD = { period: '2026-11', endsAtMs: undefined };

export const ownLayout = (auditShards?: number): KeyLayout => new KeyLayout(`test-${randomUUID()}`, auditShards);

export async function connect(target: RedisTarget): Promise<Connections> {
  const connections = openConnections(target, undefined, { onState: () => {} });
  const { state, background, subscriber } = connections;
  await waitFor(() => [state, background, subscriber].every((client) => client.status === 'ready'), 'Redis to be connected');
  return connections;
}

/** Runs the contract suites of all ports with their Redis adapters. `target` is called when the tests begin. */
export function adaptersContract(adapter: string, target: () => RedisTarget): void {
  const opened: Connections[] = [];
  const connected = async (): Promise<Connections> => {
    const connections = await connect(target());
    opened.push(connections);
    return connections;
  };
  let shared: Connections;
  const windowConnections: Connections[] = [];
  beforeAll(async () => {
    shared = await connected();
    for (let n = 0; n < 4; n++) windowConnections.push(await connected());
  });
  afterAll(async () => {
    for (const connections of opened) await connections.close();
  });

  const metersAt = ({ state, background }: Connections, layout: KeyLayout, clock: Clock): RedisMeters =>
    new RedisMeters({ state, background, layout, wait, clock });
  const layouts = new WeakMap<Clock, KeyLayout>();
  const layoutOn = (clock: Clock): KeyLayout => {
    const layout = layouts.get(clock) ?? ownLayout();
    layouts.set(clock, layout);
    return layout;
  };
  metersContract(adapter, (clock, replica) => metersAt(windowConnections[replica] as Connections, layoutOn(clock), clock));
  quotaLeasesContract(adapter, 60, (clock, replica) =>
    metersAt(windowConnections[replica] as Connections, layoutOn(clock), clock),
  );
  meterBatchesContract(
    adapter,
    60,
    (clock, replica) => metersAt(windowConnections[replica] as Connections, layoutOn(clock), clock),
    (clock) => new MemoryMeters(clock),
  );
  budgetsContract(adapter, (clock) => metersAt(shared, ownLayout(), clock));
  cacheContract(adapter, (clock) => new RedisCache(shared.state, ownLayout(), wait, clock));
  semanticIndexContract(adapter, (clock) => new RedisSemanticIndex({ client: shared.state, layout: ownLayout(), wait, clock }));
  semanticCountsContract(adapter, () => new RedisSemanticCounts(shared.state, shared.background, ownLayout(), wait));
  /** Listens on a channel until something that was published arrives: from then on nothing is missed. */
  const untilSubscribed = (state: Connections['state'], channel: string, listen: (received: () => void) => () => void) => {
    let received = false;
    const stop = listen(() => {
      received = true;
    });
    return waitFor(async () => {
      await state.publish(channel, 'is anybody there?');
      return received;
    }, 'the subscription').finally(stop);
  };
  const registryOn = ({ state, subscriber }: Connections, layout: KeyLayout) =>
    new RedisRegistry({ state, subscriber, layout, waitLonger: wait });
  keysContract(adapter, async () => {
    const layout = ownLayout();
    const keysOn = async ({ state, subscriber }: Connections) => {
      const keys = new RedisKeys({ state, subscriber, layout, wait, waitLonger: wait });
      await untilSubscribed(state, layout.keyChannel, (received) =>
        keys.onChange((hash) => {
          if (hash !== undefined) received();
        }),
      );
      return keys;
    };
    const first = await connected();
    return { keys: await keysOn(first), again: async () => keysOn(await connected()), journal: registryOn(first, layout) };
  });
  registryContract(adapter, async () => {
    const layout = ownLayout();
    const again = async () => {
      const connections = await connected();
      const registry = registryOn(connections, layout);
      await untilSubscribed(connections.state, layout.registryChannel, (received) => registry.onChange(received));
      return registry;
    };
    return { registry: await again(), again };
  });
  circuitsContract(adapter, async (clock) => {
    const layout = ownLayout();
    const replica = async () => {
      const { state, background, subscriber } = await connected();
      const circuits = new RedisCircuits({ state, background, subscriber, layout, wait, clock });
      await untilSubscribed(state, layout.circuitChannel, (received) => circuits.onChange(received));
      return circuits;
    };
    return [await replica(), await replica()];
  });
  targetLoadsContract(adapter, (clock) => new RedisTargetLoads(shared.background, ownLayout(), clock));
  callCheckpointsContract(adapter, (clock) => new RedisCallCheckpoints(shared.background, ownLayout(), clock));
  idempotentCallsContract(adapter, () => new RedisIdempotentCalls(shared.state, shared.subscriber, ownLayout(), wait));
  providerStatsContract(adapter, (clock) => new RedisProviderStats(shared.background, ownLayout(), clock));
  for (const shards of [1, 16]) {
    const open = (maxRecords: number) => new RedisAuditTrail(shared.background, ownLayout(shards), maxRecords);
    auditTrailContract(`${adapter}, ${shards} shards`, open);
    auditShardsContract(`${adapter}, ${shards} shards`, open);
  }
  const windowLayout = ownLayout();
  slidingWindowContract(adapter, 60, (clock, connection) =>
    metersAt(windowConnections[connection] as Connections, windowLayout, clock),
  );
  settlementContract(adapter, 40, (clock, connection) =>
    metersAt(windowConnections[connection] as Connections, windowLayout, clock),
  );
  describe(`unknown budget (${adapter})`, () => {
    const charge = {
      kind: 'budget',
      meter: 'budget',
      limit: 1_000,
      period: '2026-11',
      endsAtMs: undefined,
      leaseMs: 30_000,
    } as const;
    const setUp = () => {
      const layout = ownLayout();
      const of = { tenant: 'acme', subject: 'app' };
      const meters = windowConnections.map(({ state, background }) => new RedisMeters({ state, background, layout, wait }));
      const trail = new RedisAuditTrail(shared.background, layout, 100);
      const spend = (id: string, amount: number, subject = of.subject) =>
        trail.append({
          ...{ id, shard: trail.shardOf(of.tenant), records: [], usage: [] },
          spent: [{ tenant: of.tenant, subject, period: charge.period, amount }],
        });
      const reserve = (callId: string, amount: number, by = 0, more: object = {}) =>
        (meters[by] as RedisMeters).reserve({ ...of, callId, charges: [{ ...charge, ...more, amount }] });
      const budget = () => (meters[0] as RedisMeters).budget({ ...of, meter: charge.meter, period: charge.period });
      const lose = () => shared.state.del(layout.subject('acme', 'app'));
      return { of, meters, spend, reserve, budget, lose };
    };

    it('seeds an unknown budget from the ledger once, by whichever replica is first', async () => {
      const { spend, reserve, budget } = setUp();
      await spend('1', 500);
      await spend('1', 500);
      await spend('2', 100, 'another');
      expect(await budget()).toEqual({ spent: 500, reserved: 0, leased: 0 });
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, n) => reserve(`call-${n}`, 20, n % windowConnections.length)),
      );
      expect(results.filter(({ admitted }) => admitted)).toHaveLength(25);
      expect(await budget()).toEqual({ spent: 500, reserved: 500, leased: 0 });
    });

    it('restores a lost counter from the ledger exactly, with the settlements since', async () => {
      const { of, meters, spend, reserve, budget, lose } = setUp();
      for (const call of ['a', 'b']) await reserve(call, 100);
      const settle = (callId: string) =>
        (meters[1] as RedisMeters).settle({ ...of, callId, charges: [{ charge: { ...charge, amount: 100 }, actual: 70 }] });
      await settle('a');
      await spend('a', 70);
      await lose();
      // a call from before the loss ends after it: the ledger has its cost
      await settle('b');
      await spend('b', 70);
      expect(await budget()).toMatchObject({ spent: 140 });
      await Promise.all([0, 1, 2].map((by) => reserve(`after-${by}`, 10, by)));
      expect(await budget()).toEqual({ spent: 140, reserved: 30, leased: 0 });
      // from then on the counter counts without the ledger
      await (meters[0] as RedisMeters).settle({
        ...of,
        callId: 'after-0',
        charges: [{ charge: { ...charge, amount: 10 }, actual: 5 }],
      });
      expect(await budget()).toEqual({ spent: 145, reserved: 20, leased: 0 });
    });
  });
  describe(`spend of a budget after Redis lost data (${adapter})`, () => {
    const charge = { kind: 'budget', meter: 'budget', limit: 1_000, amount: 10, ...PERIOD, leaseMs: 30_000 } as const;
    const setUp = () => {
      const layout = ownLayout();
      const of = { tenant: 'acme', subject: 'app' };
      const name = { ...of, meter: 'budget', period: PERIOD.period };
      const key = layout.subject('acme', 'app');
      const setSpent = (amount: string | number) =>
        shared.state.hset(key, budgetField('budget', PERIOD.period), `${amount},0,0,0,0`);
      const meters = new RedisMeters({ state: shared.state, background: shared.background, layout, wait });
      const call = async (callId: string, actual: number) => {
        const result = await meters.reserve({ ...of, callId, charges: [charge] });
        await meters.settle({ ...of, callId, charges: [{ charge, actual }] });
        return result;
      };
      const spent = async () => (await meters.budget(name)).spent;
      const trail = new RedisAuditTrail(shared.background, layout, 10);
      const ledger = (amount: number) =>
        trail.append({
          id: randomUUID(),
          shard: trail.shardOf(of.tenant),
          records: [],
          usage: [],
          spent: [{ ...of, period: PERIOD.period, amount }],
        });
      return { key, name, meters, call, spent, ledger, setSpent };
    };

    it('restores the value that a replica has seen if counter and ledger are lost', async () => {
      const { key, call, spent } = setUp();
      await call('a', 400);
      await call('b', 0);
      await shared.state.del(key);
      expect(await call('c', 5)).toMatchObject({ admitted: true, reserved: [{ state: { remaining: 590 } }] });
      expect(await spent()).toBe(405);
    });

    it('raises an older counter to the value that a replica has seen', async () => {
      const { call, spent, setSpent } = setUp();
      await call('a', 400);
      await call('b', 0);
      await setSpent(150);
      await call('c', 0);
      await waitFor(async () => (await spent()) === 400, 'the counter to be raised');
    });

    it('raises a counter to the ledger once that is written again, and never lowers it', async () => {
      const { name, meters, call, spent, ledger } = setUp();
      await call('a', 100);
      await ledger(70);
      await meters.raiseToLedger([name]);
      expect(await spent()).toBe(100);
      await ledger(460);
      await meters.raiseToLedger([name]);
      expect(await spent()).toBe(530);
    });

    it('leaves an unknown budget to the next call, which seeds it', async () => {
      const { key, name, meters, ledger } = setUp();
      await ledger(70);
      await meters.raiseToLedger([name]);
      expect(await shared.state.exists(key)).toBe(0);
    });

    it('replaces a negative sum that an overflow left', async () => {
      const { call, spent, ledger, setSpent } = setUp();
      await ledger(300);
      await setSpent('-9223372036854775808');
      expect(await call('a', 5)).toMatchObject({ admitted: true, reserved: [{ state: { remaining: 690 } }] });
      expect(await spent()).toBe(305);
    });
  });
  storedResponsesContract(adapter, () => new RedisStoredResponses(shared.state, ownLayout(), wait));
  conversationsContract(adapter, () => new RedisConversations(shared.state, ownLayout(), wait));
  accountObjectsContract(adapter, () => new RedisAccountObjects(shared.state, ownLayout(), wait));
  attemptsContract(adapter, (limit) => new RedisSignInAttempts(shared.state, ownLayout(), limit, wait));
}
