import { LlmError, type LlmProxy } from '@sluice/core';
import type { ProxyMetrics } from './proxy-metrics.ts';

export interface LoadSheddingOptions {
  /** Returns the scarce resource of this process. Undefined if it can accept new calls. */
  readonly pressure: () => 'lag' | 'heap' | 'buffers' | undefined;
  readonly metrics?: Pick<ProxyMetrics, 'shed'>;
}

/** A client that retries immediately would be refused again. */
const RETRY_AFTER_MS = 1_000;

/**
 * Refuses new calls while this process is overloaded, so that calls in flight can finish and the load balancer uses other
 * replicas.
 *
 * @throws LlmError `overloaded`
 */
export function loadShedding({ pressure, metrics }: LoadSheddingOptions): LlmProxy {
  return (next) => ({
    complete(call) {
      const reason = pressure();
      if (reason === undefined) return next.complete(call);
      metrics?.shed.inc({ reason });
      return Promise.reject(
        new LlmError('overloaded', 'The gateway is overloaded. Retry later.', { retryAfterMs: RETRY_AFTER_MS }),
      );
    },
  });
}
