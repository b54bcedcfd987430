import { type Clock, systemClock } from '@sluice/core';
import type { Stores, UsageRetention } from '../ports/index.ts';
import { RedisAttempts } from './attempts.ts';
import { RedisAuditTrail } from './audit-trail.ts';
import { RedisCache } from './cache.ts';
import { RedisCallsUnderWay } from './calls-under-way.ts';
import { type ConnectionEvents, openConnections, type RedisTarget } from './connections.ts';
import { waitAtMost } from './deadline.ts';
import { RedisIdempotentCalls } from './idempotent-calls.ts';
import { KeyLayout } from './key-layout.ts';
import { RedisKeys } from './keys.ts';
import { RedisMeters } from './meters.ts';
import { RedisProviderStats } from './provider-stats.ts';
import { RedisRegistry } from './registry.ts';

export type { HostPort, RedisTarget } from './connections.ts';
export { RedisTimeoutError } from './deadline.ts';

export interface RedisStoresOptions {
  readonly state: RedisTarget;
  /** Where the cache is; with the state if not given. */
  readonly cache?: RedisTarget;
  readonly prefix?: string;
  /** How long a call waits for one command. */
  readonly timeoutMs?: number;
  /** Told how long each command of a call took, in seconds. */
  readonly onCommand?: (operation: string, seconds: number) => void;
  readonly auditMaxRecords?: number;
  readonly usageRetention?: UsageRetention;
  readonly onState?: ConnectionEvents['onState'];
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/** How long an administrator waits for one command. */
const ADMIN_TIMEOUT_MS = 2_000;

/** What all replicas share, in Redis. The connections come up by themselves; `healthy` tells whether they are. */
export function redisStores(options: RedisStoresOptions): Stores {
  const layout = new KeyLayout(options.prefix);
  const wait = waitAtMost(options.timeoutMs ?? 50, options.onCommand);
  const waitLonger = waitAtMost(ADMIN_TIMEOUT_MS, options.onCommand);
  const { state, cache, background, subscriber, close } = openConnections(options.state, options.cache, {
    onState: options.onState ?? (() => {}),
  });
  const clock = options.clock === undefined ? {} : { clock: options.clock };
  return {
    kind: 'redis',
    meters: new RedisMeters({ state, background, layout, wait, ...clock }),
    cache: new RedisCache(cache, layout, wait, options.clock ?? systemClock),
    keys: new RedisKeys({ state, subscriber, layout, wait, waitLonger }),
    registry: new RedisRegistry({ state, subscriber, layout, waitLonger }),
    stats: new RedisProviderStats(background, layout, options.clock),
    audit: new RedisAuditTrail(background, layout, options.auditMaxRecords ?? 100_000, options.usageRetention),
    underWay: new RedisCallsUnderWay(background, layout, options.clock),
    idempotent: new RedisIdempotentCalls(state, layout, wait),
    attempts: (limit) => new RedisAttempts(state, layout, limit, wait),
    healthy: () => state.status === 'ready',
    close,
  };
}
