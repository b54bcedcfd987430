import { CallSlot, type ChargedBudget, type LlmCall, type MeterState } from '@sluice/core';
import { markDegraded } from '../degraded.ts';
import type { PlannedReservation } from './limiter.ts';
import type { CallPlan } from './plan.ts';

/** The tightest state of each meter after the reservation. Written by metering, for response headers. */
export const meterStates = new CallSlot<readonly MeterState[]>('meter states', []);

/** The budgets that the cost of the call is charged to. Written by metering, for the audit record. */
export const chargedBudgets = new CallSlot<readonly ChargedBudget[]>('charged budgets', []);

/** Scopes with a soft budget that this call exceeds or that was exceeded before: `key`, `team`, `tenant`. */
export const exceededBudgets = new CallSlot<readonly string[]>('exceeded budgets', []);

/**
 * Records the state of a call's meters for its reply: of each kind the meter with the least remaining amount. Budgets are not
 * exposed.
 */
export function recordMeters(call: LlmCall, states: readonly MeterState[]): void {
  const tightest: MeterState[] = [];
  for (const state of states) addTightest(tightest, state);
  meterStates.set(call, tightest);
}

function addTightest(tightest: MeterState[], state: MeterState): void {
  if (state.meter === 'budget') return;
  for (let n = 0; n < tightest.length; n++) {
    const other = tightest[n] as MeterState;
    if (other.meter !== state.meter) continue;
    if (state.remaining < other.remaining) tightest[n] = state;
    return;
  }
  tightest.push(state);
}

const NONE: readonly string[] = [];

/** Records the state of the meters on which a call has a reservation. */
export function recordReservation(call: LlmCall, reserved: readonly PlannedReservation[]): void {
  const tightest: MeterState[] = [];
  for (const { state } of reserved) if (state !== undefined) addTightest(tightest, state);
  meterStates.set(call, tightest);
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
  if (charged.length > 0) chargedBudgets.set(call, charged);
}

/** Records the scopes with a soft budget that is exceeded. Returns the scopes that were not recorded before. */
export function recordExceeded(call: LlmCall, reserved: readonly PlannedReservation[]): readonly string[] {
  const known = exceededBudgets.get(call);
  let exceeded = NONE;
  for (const { charge, state } of reserved) {
    if (charge.kind !== 'budget' || charge.softLimit === undefined || state === undefined) continue;
    const scope = charge.owner?.kind ?? 'key';
    if (charge.limit - state.remaining <= charge.softLimit) continue;
    if (!known.includes(scope) && !exceeded.includes(scope)) exceeded = [...exceeded, scope];
  }
  if (exceeded.length > 0) exceededBudgets.set(call, [...known, ...exceeded]);
  return exceeded;
}

/** Records that a call was admitted without the store. */
export function recordDegraded(call: LlmCall, { charges }: CallPlan): void {
  const limits = charges.some(({ kind }) => kind !== 'budget') ? ['limits'] : [];
  const budgets = charges.some(({ kind }) => kind === 'budget') ? ['budget'] : [];
  markDegraded(call, [...limits, ...budgets]);
}

/** Adds the results of a session's turn to those of the session. @param settled the turn, and the cost of the turns before it */
export function addQuotaResults(session: LlmCall, turn: LlmCall, settled: NonNullable<ChargedBudget['turn']>): void {
  const states = meterStates.get(turn);
  const others = meterStates.get(session).filter(({ meter }) => !states.some((state) => state.meter === meter));
  meterStates.set(session, [...others, ...states]);
  chargedBudgets.set(
    session,
    chargedBudgets.get(turn).map((charge) => ({ ...charge, turn: settled })),
  );
  exceededBudgets.set(session, [...new Set([...exceededBudgets.get(session), ...exceededBudgets.get(turn)])]);
}
