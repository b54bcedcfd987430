import type { MeterState } from '@sluice/core';
import {
  assertAmounts,
  type BudgetCharge,
  type Charge,
  type ReservationResult,
  type ReservedCharge,
  type SettledCharge,
} from '../ports/index.ts';

/** The verdicts of reserve.lua. Any other value is a refusal. */
const ADMITTED = 1;
const IN_FLIGHT = 2;
const UNSEEDED = -1;

/** The figures before the first meter in the response of reserve.lua, and the figures per meter. */
const VERDICT_FIGURES = 3;
const METER_FIGURES = 3;
const BUDGET_FIGURES = 4;

/** Encodes a charge for reserve.lua. @throws RangeError for an amount that cannot be counted */
export function reserveArguments(charge: Charge): string {
  switch (charge.kind) {
    case 'window':
      assertAmounts([charge.limit, charge.amount]);
      return `,"w",${charge.limit},${charge.windowMs},${charge.amount},0,0`;
    case 'concurrency':
      return `,"c",${charge.limit},${charge.leaseMs},1,0,0`;
    case 'budget': {
      const { limit, leaseMs, amount, maxAmount = amount, endsAtMs = 0 } = charge;
      assertAmounts([limit, amount, maxAmount]);
      return `,"b",${limit},${leaseMs},${amount},${maxAmount},${endsAtMs}`;
    }
  }
}

/** Encodes a charge for settle.lua. @throws RangeError for an amount that cannot be counted */
export function settleArguments({ charge, actual, amount, receipt = 0 }: SettledCharge): string {
  if (charge.kind === 'concurrency') return ',"c",0,1,0,0';
  const reserved = amount ?? charge.amount;
  assertAmounts([reserved, actual]);
  return charge.kind === 'window' ? `,"w",${charge.windowMs},${reserved},${actual},${receipt}` : `,"b",0,${reserved},${actual},0`;
}

/** Returns whether a budget has no sum in Redis. Nothing was reserved then. */
export const isUnseeded = (answer: readonly number[]): boolean => answer[0] === UNSEEDED;

/** Reads the response of reserve.lua. */
export function readReservation<C extends Charge>(charges: readonly C[], answer: readonly number[]): ReservationResult<C> {
  const [verdict, exhausted = 0, retryAfterMs = 0] = answer;
  const reserved: ReservedCharge<C>[] = [];
  let at = VERDICT_FIGURES;
  for (const charge of charges) {
    reserved.push(readCharge(charge, answer, at));
    at += figuresOf(charge);
  }
  if (verdict === ADMITTED) return { admitted: true, reserved };
  const first = reserved[exhausted - 1];
  if (first === undefined) return { admitted: false, reason: 'already_settled' };
  const { charge, state } = first;
  const meters = reserved.map((one) => one.state);
  const refusal = { admitted: false, reason: 'exhausted', charge, state, retryAfterMs, meters } as const;
  return verdict === IN_FLIGHT ? { ...refusal, inFlight: true } : refusal;
}

function readCharge<C extends Charge>(charge: C, answer: readonly number[], at: number): ReservedCharge<C> {
  const { kind, meter, limit } = charge;
  const state: MeterState = { meter, limit, remaining: answer[at] ?? 0, resetMs: answer[at + 1] ?? 0 };
  const receipt = answer[at + 2] ?? 0;
  if (kind === 'window') return { charge, amount: charge.amount, receipt, state };
  return { charge, amount: kind === 'budget' ? receipt : 1, receipt: undefined, state };
}

/** Calls `onSpend` with the spend of each budget in the response of reserve.lua. */
export function readSpends(
  charges: readonly Charge[],
  answer: readonly number[],
  onSpend: (charge: BudgetCharge, spent: number) => void,
): void {
  let at = VERDICT_FIGURES;
  for (const charge of charges) {
    if (charge.kind === 'budget') onSpend(charge, answer[at + METER_FIGURES] ?? 0);
    at += figuresOf(charge);
  }
}

const figuresOf = ({ kind }: Charge): number => (kind === 'budget' ? BUDGET_FIGURES : METER_FIGURES);
