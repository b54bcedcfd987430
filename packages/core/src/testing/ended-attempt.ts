import type { LlmCall } from '../call.ts';
import type { AttemptCharge } from '../call-account.ts';
import type { Spent } from '../sum-usage.ts';

/** Writes an attempt into the account of a call, as the router does, for tests of the layers above it. */
export function endedAttempt(call: LlmCall, spent: Spent, upstreamMs = 1, more: Partial<AttemptCharge> = {}): void {
  const { account } = call.context;
  const attempt = account.open({ accrued: () => spent });
  attempt.charge({ estimated: undefined, unpriced: [], ...spent, ...more });
  const target = { target: 'p/m', provider: 'p', model: 'm' };
  account.close(attempt, { ...target, outcome: 'answered', latencyMs: upstreamMs }, upstreamMs);
}
