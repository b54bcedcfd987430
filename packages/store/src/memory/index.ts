import { type Clock, systemClock } from '@sluice/core';
import type { Stores } from '../ports/index.ts';
import { MemoryAccountObjects } from './account-objects.ts';
import { MemoryAuditTrail } from './audit-trail.ts';
import { MemoryCache } from './cache.ts';
import { MemoryCallCheckpoints } from './call-checkpoints.ts';
import { MemoryCircuits } from './circuits.ts';
import { MemoryConversations } from './conversations.ts';
import { MemoryIdempotentCalls } from './idempotent-calls.ts';
import { MemoryKeys } from './keys.ts';
import { MemoryMeters } from './meters.ts';
import { MemoryProviderStats } from './provider-stats.ts';
import { MemoryRegistry } from './registry.ts';
import { MemorySemanticCounts } from './semantic-counts.ts';
import { MemorySemanticIndex } from './semantic-index.ts';
import { MemorySignInAttempts } from './sign-in-attempts.ts';
import { MemoryStoredResponses } from './stored-responses.ts';
import { MemoryTargetLoads } from './target-loads.ts';

export {
  MemoryAccountObjects,
  MemoryAuditTrail,
  MemoryCache,
  MemoryCallCheckpoints,
  MemoryCircuits,
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
  MemoryTargetLoads,
};

/** Creates stores in the memory of this process, for development and tests. */
export function memoryStores(options: { clock?: Clock; auditMaxRecords?: number } = {}): Stores {
  const clock = options.clock ?? systemClock;
  const registry = new MemoryRegistry();
  return {
    kind: 'memory',
    meters: new MemoryMeters(clock),
    cache: new MemoryCache(clock),
    semanticIndex: new MemorySemanticIndex(clock),
    semanticCounts: new MemorySemanticCounts(),
    keys: new MemoryKeys(registry),
    registry,
    stats: new MemoryProviderStats(clock),
    circuits: new MemoryCircuits(clock),
    loads: new MemoryTargetLoads(clock),
    audit: new MemoryAuditTrail(options.auditMaxRecords ?? 10_000),
    checkpoints: new MemoryCallCheckpoints(clock),
    idempotent: new MemoryIdempotentCalls(clock),
    objects: new MemoryAccountObjects(clock),
    responses: new MemoryStoredResponses(clock),
    conversations: new MemoryConversations(clock),
    attempts: (limit) => new MemorySignInAttempts(clock, limit),
    ping: async () => {},
    healthy: () => true,
    close: async () => {},
  };
}
