import { LlmError, type LlmProxy } from '@sluice/core';
import type { Metrics } from '@sluice/telemetry';

export interface LoadSheddingOptions {
  /** Of what there is too little now; undefined where there is enough. */
  readonly short: () => 'lag' | 'heap' | undefined;
  readonly metrics?: Pick<Metrics, 'shed'>;
}

/** A client that comes back at once finds it as it was. */
const RETRY_AFTER_MS = 1_000;

/**
 * Refuses new calls while this process has too much to do, so that those under way are finished, and the load balancer gives the others to who has less.
 *
 * @throws LlmError `overloaded`
 */
export function loadShedding({ short, metrics }: LoadSheddingOptions): LlmProxy {
  return (next) => ({
    async complete(call) {
      const reason = short();
      if (reason === undefined) return next.complete(call);
      metrics?.shed.inc({ reason });
      throw new LlmError('overloaded', 'The gateway has too much to do right now.', { retryAfterMs: RETRY_AFTER_MS });
    },
  });
}
