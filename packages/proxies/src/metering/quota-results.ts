import { CallSlot, type ChargedBudget, type LlmCall, type MeterState } from '@sluice/core';

/** The tightest state of each meter after the reservation. Written by metering, for response headers. */
export const meterStates = new CallSlot<readonly MeterState[]>('meter states', []);

/** The budgets that the cost of the call is charged to. Written by metering, for the audit record. */
export const chargedBudgets = new CallSlot<readonly ChargedBudget[]>('charged budgets', []);

/** Scopes with a soft budget that this call exceeds or that was exceeded before: `key`, `team`, `tenant`. */
export const exceededBudgets = new CallSlot<readonly string[]>('exceeded budgets', []);

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
