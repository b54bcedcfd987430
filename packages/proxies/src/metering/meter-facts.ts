import type { ChargedBudget, LlmCall, MeterState } from '@sluice/core';
import type { PlannedReservation } from './limiter.ts';
import type { CallPlan } from './plan.ts';

/**
 * Records the state of a call's meters for its reply: of each kind the meter with the least remaining amount. Budgets are not
 * exposed.
 */
export function recordMeters(call: LlmCall, states: readonly MeterState[]): void {
  const tightest: MeterState[] = [];
  for (const state of states) {
    if (state.meter === 'budget') continue;
    const n = tightest.findIndex(({ meter }) => meter === state.meter);
    if (n === -1) tightest.push(state);
    else if (state.remaining < (tightest[n]?.remaining ?? 0)) tightest[n] = state;
  }
  call.facts.meters = tightest;
}

/** Records the state of the meters on which a call has a reservation. */
export function recordReservation(call: LlmCall, reserved: readonly PlannedReservation[]): void {
  recordMeters(
    call,
    reserved.flatMap(({ state }) => state ?? []),
  );
}

/** Records the budgets that a call is charged to, with their reservations. */
export function recordBudgets(
  call: LlmCall,
  { tenant, subject: caller }: CallPlan,
  reserved: readonly PlannedReservation[],
): void {
  const charged: ChargedBudget[] = [];
  for (const { charge, amount } of reserved) {
    if (charge.kind !== 'budget') continue;
    const { subject = caller, period, endsAtMs } = charge;
    charged.push({ tenant, subject, period, endsAtMs, reserved: amount });
  }
  if (charged.length > 0) call.facts.charged = charged;
}

/** Records the scopes with a soft budget that is exceeded. Returns the scopes that were not recorded before. */
export function recordExceeded(call: LlmCall, reserved: readonly PlannedReservation[]): readonly string[] {
  const exceeded: string[] = [];
  for (const { charge, state } of reserved) {
    if (charge.kind !== 'budget' || charge.softLimit === undefined || state === undefined) continue;
    const scope = charge.owner?.kind ?? 'key';
    if (charge.limit - state.remaining <= charge.softLimit) continue;
    if (!call.facts.overBudget.includes(scope) && !exceeded.includes(scope)) exceeded.push(scope);
  }
  if (exceeded.length > 0) call.facts.overBudget = [...call.facts.overBudget, ...exceeded];
  return exceeded;
}

/** Records that a call was admitted without the store. */
export function recordDegraded(call: LlmCall, { charges }: CallPlan): void {
  const limits = charges.some(({ kind }) => kind !== 'budget') ? ['limits'] : [];
  const budgets = charges.some(({ kind }) => kind === 'budget') ? ['budget'] : [];
  call.facts.degraded = [...call.facts.degraded, ...limits, ...budgets];
}
