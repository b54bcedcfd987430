import { type Clock, defined, systemClock } from '@sluice/core';
import type { Stores, UsageRetention } from '../ports/index.ts';
import { RedisAccountObjects } from './account-objects.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCache } from './cache.ts';
import { RedisCallCheckpoints } from './call-checkpoints.ts';
import { RedisCircuits } from './circuits.ts';
import { type ConnectionEvents, openConnections, type RedisClient, type RedisTarget } from './connections.ts';
import { RedisConversations } from './conversations.ts';
import { withTimeout } from './deadline.ts';
import { RedisIdempotentCalls } from './idempotent-calls.ts';
import { KeyLayout } from './key-layout.ts';
import { RedisKeys } from './keys.ts';
import { RedisMeters } from './meters.ts';
import { RedisProviderStats } from './provider-stats.ts';
import { RedisBreaker } from './redis-breaker.ts';
import { RedisRegistry } from './registry.ts';
import { RedisSemanticCounts } from './semantic-counts.ts';
import { RedisSemanticIndex } from './semantic-index.ts';
import { RedisSignInAttempts } from './sign-in-attempts.ts';
import { RedisStoredResponses } from './stored-responses.ts';
import { RedisTargetLoads } from './target-loads.ts';

export type { HostPort, RedisTarget } from './connections.ts';
export { RedisTimeoutError } from './deadline.ts';

export interface RedisStoresOptions {
  readonly state: RedisTarget;
  /** The cache's own server. By default the cache is on the server of the state. */
  readonly cache?: RedisTarget;
  readonly prefix?: string;
  /** Maximum wait of a call for one command, in ms. */
  readonly timeoutMs?: number;
  /** Deadline of the cache: a fifth of the other deadline by default, because a call continues without the cache. */
  readonly cacheTimeoutMs?: number;
  /** Called when a server is no longer used because it does not respond, and when it is used again. */
  readonly onBreaker?: (connection: string, open: boolean) => void;
  /** Called with the duration of each command of a call, in seconds. */
  readonly onCommand?: (operation: string, seconds: number) => void;
  readonly auditMaxRecords?: number;
  /** Number of shards of the audit trail, the usage sums and the ledger. */
  readonly auditShards?: number;
  readonly usageRetention?: UsageRetention;
  /** Called if audit records beyond the limit could not be dropped. */
  readonly onTrimFault?: (error: unknown) => void;
  readonly onState?: ConnectionEvents['onState'];
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/** Maximum wait of a call for the stored responses that it refers to, in ms: it requires them, and they may be large. */
const RESPONSES_TIMEOUT_MS = 500;
/** Maximum wait of a call for a search by meaning, in ms: it takes Redis some ms, and saves a call to a provider. */
const SEMANTIC_TIMEOUT_MS = 150;
/** Maximum wait of an administrator for one command, in ms. */
const ADMIN_TIMEOUT_MS = 2_000;

/** The shared state of all replicas in Redis. Connections open automatically; `healthy` returns whether they are open. */
export function redisStores(options: RedisStoresOptions): Stores {
  const layout = new KeyLayout(options.prefix, options.auditShards);
  const { timeoutMs = 50, onCommand: observe } = options;
  const { cacheTimeoutMs = timeoutMs / 5 } = options;
  const { state, cache, background, subscriber, close } = openConnections(options.state, options.cache, {
    onState: options.onState ?? (() => {}),
  });
  const breakerOf = (connection: string, client: RedisClient, ms: number): RedisBreaker =>
    new RedisBreaker({
      probe: () => withTimeout(ms)('ping', () => client.ping()),
      onState: (open) => options.onBreaker?.(connection, open),
    });
  const breaker = breakerOf('state', state, timeoutMs);
  // one server has one breaker
  const cacheBreaker = cache === state ? breaker : breakerOf('cache', cache, cacheTimeoutMs);
  const wait = withTimeout(timeoutMs, { observe, breaker });
  const waitForCache = withTimeout(cacheTimeoutMs, { observe, breaker: cacheBreaker });
  const waitForResponses = withTimeout(RESPONSES_TIMEOUT_MS, { observe, breaker: cacheBreaker });
  const waitForSemantic = withTimeout(SEMANTIC_TIMEOUT_MS, { observe, breaker: cacheBreaker });
  const waitLonger = withTimeout(ADMIN_TIMEOUT_MS, { observe });
  const clock = defined({ clock: options.clock });
  return {
    kind: 'redis',
    meters: new RedisMeters({ state, background, layout, wait, ...clock }),
    cache: new RedisCache(cache, layout, waitForCache, options.clock ?? systemClock),
    semanticIndex: new RedisSemanticIndex({ client: cache, layout, wait: waitForSemantic, ...clock }),
    semanticCounts: new RedisSemanticCounts(state, background, layout, wait),
    keys: new RedisKeys({ state, subscriber, layout, wait, waitLonger }),
    registry: new RedisRegistry({ state, subscriber, layout, waitLonger }),
    stats: new RedisProviderStats(background, layout, options.clock),
    circuits: new RedisCircuits({ state, background, subscriber, layout, wait, ...clock }),
    loads: new RedisTargetLoads(background, layout, options.clock),
    audit: new RedisAuditTrail(background, layout, options.auditMaxRecords ?? 100_000, options),
    checkpoints: new RedisCallCheckpoints(background, layout, options.clock),
    idempotent: new RedisIdempotentCalls(state, subscriber, layout, wait),
    objects: new RedisAccountObjects(state, layout, wait),
    // on the cache's server: a server with full memory must not lose limits because of responses
    responses: new RedisStoredResponses(cache, layout, waitForResponses),
    conversations: new RedisConversations(cache, layout, waitForResponses),
    attempts: (limit) => new RedisSignInAttempts(state, layout, limit, wait),
    async ping(server) {
      await withTimeout(timeoutMs)('ping', () => (server === 'state' ? state : cache).ping());
    },
    healthy: () => state.status === 'ready' && !breaker.open,
    close: async () => {
      breaker.close();
      cacheBreaker.close();
      await close();
    },
  };
}
