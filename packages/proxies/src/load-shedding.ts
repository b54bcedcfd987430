import { LlmError, type LlmProxy } from '@sluice/core';
import type { Metrics } from '@sluice/telemetry';

export interface LoadSheddingOptions {
  /** Returns what the process has too little of; undefined if new calls can be taken. */
  readonly pressure: () => 'lag' | 'heap' | 'buffers' | undefined;
  readonly metrics?: Pick<Metrics, 'shed'>;
}

/** A client that comes back at once finds it as it was. */
const RETRY_AFTER_MS = 1_000;

/**
 * Refuses new calls while this process has too much to do, so that those under way are finished, and the load balancer gives the others to who has less.
 *
 * @throws LlmError `overloaded`
 */
export function loadShedding({ pressure, metrics }: LoadSheddingOptions): LlmProxy {
  return (next) => ({
    async complete(call) {
      const reason = pressure();
      if (reason === undefined) return next.complete(call);
      metrics?.shed.inc({ reason });
      throw new LlmError('overloaded', 'The gateway has too much to do right now.', { retryAfterMs: RETRY_AFTER_MS });
    },
  });
}
