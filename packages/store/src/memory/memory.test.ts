import { systemClock } from '@sluice/core';
import type { ManualClock } from '@sluice/core/testing';
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
import { MemoryCircuits } from './circuits.ts';
import {
  MemoryAccountObjects,
  MemoryAuditTrail,
  MemoryCache,
  MemoryCallCheckpoints,
  MemoryConversations,
  MemoryIdempotentCalls,
  MemoryKeys,
  MemoryMeters,
  MemoryProviderStats,
  MemoryRegistry,
  MemorySemanticCounts,
  MemorySemanticIndex,
  MemorySignInAttempts,
  MemoryStoredResponses,
} from './index.ts';
import { MemoryTargetLoads } from './target-loads.ts';

budgetsContract('memory', (clock) => new MemoryMeters(clock));
cacheContract('memory', (clock) => new MemoryCache(clock));
semanticIndexContract('memory', (clock) => new MemorySemanticIndex(clock));
semanticCountsContract('memory', () => new MemorySemanticCounts());
keysContract('memory', async () => {
  const journal = new MemoryRegistry();
  const keys = new MemoryKeys(journal);
  return { keys, again: async () => keys, journal };
});
registryContract('memory', async () => {
  const registry = new MemoryRegistry();
  return { registry, again: async () => registry };
});
callCheckpointsContract('memory', (clock) => new MemoryCallCheckpoints(clock));
idempotentCallsContract('memory', () => new MemoryIdempotentCalls(systemClock));
circuitsContract('memory', async (clock) => {
  const circuits = new MemoryCircuits(clock);
  return [circuits, circuits];
});
targetLoadsContract('memory', (clock) => new MemoryTargetLoads(clock));
providerStatsContract('memory', (clock) => new MemoryProviderStats(clock));
auditTrailContract('memory', (maxRecords) => new MemoryAuditTrail(maxRecords));
auditShardsContract('memory', (maxRecords) => new MemoryAuditTrail(maxRecords));
conversationsContract('memory', (clock) => new MemoryConversations(clock));
storedResponsesContract('memory', (clock) => new MemoryStoredResponses(clock));
accountObjectsContract('memory', () => new MemoryAccountObjects(systemClock));
attemptsContract('memory', (limit) => new MemorySignInAttempts(systemClock, limit));

/** Connections to one store share it: each clock is another store. */
const stores = new WeakMap<ManualClock, MemoryMeters>();
const storeOn = (clock: ManualClock): MemoryMeters => {
  const store = stores.get(clock) ?? new MemoryMeters(clock);
  stores.set(clock, store);
  return store;
};
metersContract('memory', storeOn);
quotaLeasesContract('memory', 150, storeOn);
meterBatchesContract('memory', 60, storeOn, (clock) => new MemoryMeters(clock));
slidingWindowContract('memory', 150, storeOn);
settlementContract('memory', 150, storeOn);
