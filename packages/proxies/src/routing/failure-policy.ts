import type { FailureKind } from '@sluice/core';
import type { FallbackReason } from './model.ts';

/** What the router does about a failure. */
export interface FailurePolicy {
  /** Whether the same target may succeed on a retry. Not timeouts: a retry would wait the full timeout again. */
  readonly retry: boolean;
  /** The reason for another target or model. Undefined for a request that is invalid at every provider. */
  readonly fallback: FallbackReason | undefined;
  /** Whether it counts against the target's circuit. */
  readonly opensCircuit: boolean;
  /** Whether a passed deadline caused it: it does not count if this process was suspended. */
  readonly byDeadline: boolean;
}

const ERROR = { retry: false, fallback: 'error', opensCircuit: false, byDeadline: false } as const;

export const FAILURES: Readonly<Record<FailureKind, FailurePolicy>> = {
  connect_error: { ...ERROR, retry: true, opensCircuit: true, byDeadline: true },
  timeout: { ...ERROR, opensCircuit: true, byDeadline: true },
  server_error: { ...ERROR, retry: true, opensCircuit: true },
  auth: { ...ERROR, opensCircuit: true },
  concurrency_limit: ERROR,
  model_unavailable: ERROR,
  rate_limited: { ...ERROR, retry: true, fallback: 'rate_limit' },
  context_length: { ...ERROR, fallback: 'context_length' },
  content_refused: { ...ERROR, fallback: 'content_refused' },
  invalid_request: { ...ERROR, fallback: undefined },
};
