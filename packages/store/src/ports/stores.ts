import type { AccountObjects } from './account-objects.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Cache } from './cache.ts';
import type { CallCheckpoints } from './call-checkpoints.ts';
import type { Conversations } from './conversations.ts';
import type { IdempotentCalls } from './idempotent-calls.ts';
import type { Keys } from './keys.ts';
import type { Meters } from './meters.ts';
import type { ProviderStats } from './provider-stats.ts';
import type { Registry } from './registry.ts';
import type { SemanticCounts } from './semantic-counts.ts';
import type { SemanticIndex } from './semantic-index.ts';
import type { Circuits } from './shared-circuits.ts';
import type { AttemptsLimit, SignInAttempts } from './sign-in-attempts.ts';
import type { StoredResponses } from './stored-responses.ts';
import type { TargetLoads } from './target-loads.ts';

/** A server of the stores: with the limits and keys, or with the cache and stored responses. */
export type StoreServer = 'state' | 'cache';

/** The shared state of all replicas, behind one adapter. */
export interface Stores {
  readonly kind: 'memory' | 'redis';
  readonly meters: Meters;
  readonly cache: Cache;
  readonly semanticIndex: SemanticIndex;
  readonly semanticCounts: SemanticCounts;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly stats: ProviderStats;
  readonly circuits: Circuits;
  readonly loads: TargetLoads;
  readonly audit: AuditTrail;
  readonly checkpoints: CallCheckpoints;
  readonly idempotent: IdempotentCalls;
  readonly objects: AccountObjects;
  readonly responses: StoredResponses;
  readonly conversations: Conversations;
  attempts(limit: AttemptsLimit): SignInAttempts;
  /** Resolves if a server responds. @throws the connection's error */
  ping(server: StoreServer): Promise<void>;
  /** Returns whether the connection to the state is open. */
  healthy(): boolean;
  close(): Promise<void>;
}
