import { LlmError, type MeterState, toUsd } from '@sluice/core';
import type { Charge, ReservationResult } from '@sluice/store/ports';
import type { QuotaScope } from './quota-scope.ts';

export type Refusal = ReservationResult & { readonly admitted: false };

/** Picks the meter with the least remaining amount of each kind. Budgets are not exposed to clients. */
export function tightest(meters: readonly MeterState[]): MeterState[] {
  const least = new Map<string, MeterState>();
  for (const state of meters) {
    const known = least.get(state.meter);
    if (state.meter !== 'budget' && (known === undefined || state.remaining < known.remaining)) least.set(state.meter, state);
  }
  return [...least.values()];
}

/** Returns the error for limits that the store cannot check now. */
export function unavailable(holds: readonly Charge[], cause: unknown): LlmError {
  const [code, what] = holds.some(({ kind }) => kind === 'budget')
    ? (['budget_unavailable', 'budget'] as const)
    : (['limiter_unavailable', 'limits'] as const);
  return new LlmError(code, `The ${what} of this key cannot be checked right now.`, { retryAfterMs: 1_000, cause });
}

/** Returns the error for an exhausted meter. */
export function fullMeter(refusal: Refusal, owner: QuotaScope | undefined): LlmError {
  switch (refusal.meter) {
    case 'concurrent':
      return tooManyAtOnce(refusal, owner);
    case 'budget':
      return refusal.inFlight === true ? reservedBudget(refusal, owner) : spentBudget(refusal, owner);
    default: {
      const { retryAfterMs, meter } = refusal;
      const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
      const message = `The limit${of(owner)} of ${limitOf(refusal)} ${meter} is reached. Try again in ${seconds} s.`;
      return new LlmError('rate_limit_exceeded', message, { retryAfterMs });
    }
  }
}

function tooManyAtOnce(refusal: Refusal, owner: QuotaScope | undefined): LlmError {
  const scope = owner === undefined ? 'of this key' : of(owner).trimStart();
  const message = `Too many calls at one time: ${limitOf(refusal)} ${scope} are in flight already.`;
  return new LlmError('rate_limit_exceeded', message, { retryAfterMs: refusal.retryAfterMs });
}

function spentBudget(refusal: Refusal, owner: QuotaScope | undefined): LlmError {
  const remaining = toUsd(refusal.meters[refusal.full]?.remaining ?? 0);
  const message = `The budget${of(owner)} of ${toUsd(limitOf(refusal))} USD has ${remaining} USD left, which is less than this call may cost.`;
  return new LlmError('insufficient_quota', message, { retryAfterMs: refusal.retryAfterMs });
}

function reservedBudget(refusal: Refusal, owner: QuotaScope | undefined): LlmError {
  const message = `The rest of the budget${of(owner)} of ${toUsd(limitOf(refusal))} USD is reserved by calls in flight. Try again in 1 s.`;
  return new LlmError('budget_in_flight', message, { retryAfterMs: refusal.retryAfterMs });
}

const limitOf = ({ meters, full }: Refusal): number => meters[full]?.limit ?? 0;
const of = (owner: QuotaScope | undefined): string => (owner === undefined ? '' : ` of the ${owner.kind} ${owner.name}`);
