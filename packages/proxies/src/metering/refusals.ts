import { asLlmError, type CallSignal, LlmError, toUsd } from '@sluice/core';
import type { Exhausted } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import type { Refusal } from './limiter.ts';
import type { CallPlan, PlannedCharge } from './plan.ts';
import type { QuotaScope } from './quota-scope.ts';

type RefusalMetrics = Pick<ProxyMetrics, 'rateLimited' | 'budgetRejected'>;

/** Returns the client's error for a refused call. */
export function errorOf(refusal: Refusal, { charges }: CallPlan, signal: CallSignal): LlmError {
  switch (refusal.reason) {
    case 'exhausted':
      return exhaustedError(refusal);
    case 'disconnected':
      return asLlmError(signal.reason);
    case 'unchecked':
      return uncheckedError(charges, refusal.cause);
    case 'already_settled':
      return uncheckedError(charges, undefined);
  }
}

/** Counts the refusal of a call by the meter that is exhausted and by its owner. */
export function countRefusal({ charge }: Exhausted<PlannedCharge>, metrics: RefusalMetrics | undefined): void {
  const { owner, meter } = charge;
  if (charge.kind === 'budget') metrics?.budgetRejected.inc({});
  else metrics?.rateLimited.inc({ meter: owner === undefined ? meter : `${owner.kind}_${meter}` });
}

/** Returns the error for limits that the store cannot check now. */
function uncheckedError(charges: readonly PlannedCharge[], cause: unknown): LlmError {
  const [code, what] = charges.some(({ kind }) => kind === 'budget')
    ? (['budget_unavailable', 'budget'] as const)
    : (['limiter_unavailable', 'limits'] as const);
  return new LlmError(code, `The ${what} of this key cannot be checked right now.`, { retryAfterMs: 1_000, cause });
}

function exhaustedError(refusal: Exhausted<PlannedCharge>): LlmError {
  switch (refusal.charge.meter) {
    case 'concurrent':
      return concurrencyError(refusal);
    case 'budget':
      return refusal.inFlight === true ? reservedBudgetError(refusal) : spentBudgetError(refusal);
    default:
      return windowError(refusal);
  }
}

function windowError({ charge: { meter, limit, owner }, retryAfterMs }: Exhausted<PlannedCharge>): LlmError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const message = `The limit${of(owner)} of ${limit} ${meter} is reached. Try again in ${seconds} s.`;
  return new LlmError('rate_limit_exceeded', message, { retryAfterMs });
}

function concurrencyError({ charge: { limit, owner }, retryAfterMs }: Exhausted<PlannedCharge>): LlmError {
  const scope = owner === undefined ? 'of this key' : of(owner).trimStart();
  const message = `Too many calls at one time: ${limit} ${scope} are in flight already.`;
  return new LlmError('rate_limit_exceeded', message, { retryAfterMs });
}

function spentBudgetError({ charge: { limit, owner }, state, retryAfterMs }: Exhausted<PlannedCharge>): LlmError {
  const budget = `The budget${of(owner)} of ${toUsd(limit)} USD`;
  const message = `${budget} has ${toUsd(state.remaining)} USD left, which is less than this call may cost.`;
  return new LlmError('insufficient_quota', message, { retryAfterMs });
}

function reservedBudgetError({ charge: { limit, owner }, retryAfterMs }: Exhausted<PlannedCharge>): LlmError {
  const rest = `The rest of the budget${of(owner)} of ${toUsd(limit)} USD`;
  const message = `${rest} is reserved by calls in flight. Try again in 1 s.`;
  return new LlmError('budget_in_flight', message, { retryAfterMs });
}

const of = (owner: QuotaScope | undefined): string => (owner === undefined ? '' : ` of the ${owner.kind} ${owner.name}`);
