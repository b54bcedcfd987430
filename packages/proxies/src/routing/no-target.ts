import { errorTexts, LlmError } from '@sluice/core';
import type { FailedAttempt } from './attempt.ts';
import type { Availability } from './circuit-breakers.ts';
import type { Model } from './model.ts';

/** Returns the failure of a model without an available target. It is the call's error if no fallback model serves the call. */
export function noTargetAvailable(model: Model, targets: readonly { readonly availability: Availability }[]): FailedAttempt {
  const states = targets.map(({ availability }) => availability);
  const retryAfterMs = Math.min(...states.map((one) => ('forMs' in one ? one.forMs : 1_000)));
  const isCooldown = states.every(({ kind }) => kind === 'cooldown');
  const failure = { kind: isCooldown ? 'rate_limited' : 'server_error', retryAfterMs } as const;
  const name = model.name === '' ? 'this route' : model.name;
  const retryS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const details = { retryAfterMs, failure };
  const outcome = isCooldown
    ? new LlmError('rate_limit_exceeded', errorTexts.allRateLimited(name, retryS), details)
    : new LlmError('no_healthy_target', errorTexts.noneAvailable(name, retryS), details);
  return { failure, outcome };
}
