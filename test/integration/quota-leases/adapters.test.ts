import { afterAll, beforeAll } from '@jest/globals';
import type { ManualClock } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import type { Meters } from '@sluice/store/ports';
import { leasingContract } from '../../../packages/proxies/src/metering/quota-leases/quota-leases.contract.ts';
import { QuotaLeases } from '../../../packages/proxies/src/metering/quota-leases/quota-leases.ts';
import { budgetsContract } from '../../../packages/store/src/ports/budgets.contract.ts';
import { meterBatchesContract } from '../../../packages/store/src/ports/meter-batches.contract.ts';
import { metersContract } from '../../../packages/store/src/ports/meters.contract.ts';
import { quotaLeasesContract } from '../../../packages/store/src/ports/quota-leases.contract.ts';
import { settlementContract } from '../../../packages/store/src/ports/settlement.contract.ts';
import { slidingWindowContract } from '../../../packages/store/src/ports/sliding-window.contract.ts';
import { connect, ownLayout, wait } from '../../../packages/store/src/redis/adapters.contract.ts';
import type { Connections } from '../../../packages/store/src/redis/connections.ts';
import type { KeyLayout } from '../../../packages/store/src/redis/key-layout.ts';
import { RedisMeters } from '../../../packages/store/src/redis/meters.ts';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const REPLICAS = 4;

let server: RedisServer;
const connections: Connections[] = [];
beforeAll(async () => {
  ensureRedisServer();
  server = await startRedisServer();
  for (let n = 0; n < REPLICAS; n++) connections.push(await connect({ kind: 'single', url: server.url }));
});
afterAll(async () => {
  for (const one of connections) await one.close();
  await server.stop();
});

const layouts = new WeakMap<ManualClock, KeyLayout>();
const redis = (clock: ManualClock, replica: number): Meters => {
  const layout = layouts.get(clock) ?? ownLayout();
  layouts.set(clock, layout);
  return new RedisMeters({ ...(connections[replica] as Connections), layout, wait, clock });
};
const memories = new WeakMap<ManualClock, MemoryMeters>();
const memory = (clock: ManualClock): MemoryMeters => {
  const store = memories.get(clock) ?? new MemoryMeters(clock);
  memories.set(clock, store);
  return store;
};

leasingContract('Redis', 15, redis);

for (const [adapter, runs, open] of [
  ['memory', 30, memory],
  ['Redis', 10, redis],
] as const) {
  const leasing = (clock: ManualClock, replica = 0): Meters =>
    new QuotaLeases({ meters: open(clock, replica), clock, above: () => 0, replicas: () => REPLICAS });
  const name = `quota leases on ${adapter}`;
  metersContract(name, leasing);
  meterBatchesContract(name, runs, leasing, (clock) => new MemoryMeters(clock));
  slidingWindowContract(name, runs, leasing);
  settlementContract(name, runs, leasing);
  budgetsContract(name, leasing);
  quotaLeasesContract(name, runs, leasing);
}
