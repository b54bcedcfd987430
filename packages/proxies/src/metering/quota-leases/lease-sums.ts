import {
  type Charge,
  type EndedCall,
  LONG_CALL_MS,
  type ReservedCharge,
  type SettledCharge,
  saturated,
} from '@sluice/store/ports';
import type { LeasedCall } from './leased-call.ts';
import type { QuotaLease } from './quota-lease.ts';

/** The number of ended calls from which the sums are sent at once. */
const MAX_ENDED = 500;

interface Sum {
  readonly receipt: unknown;
  amount: number;
  actual: number;
}

/** What a settlement has in addition to its id and its caller. */
export interface SummedCharges {
  readonly charges: readonly SettledCharge[];
  readonly ended: readonly EndedCall[];
  readonly closed: readonly string[];
}

/** Adds up what calls of a caller have used and what its leases return, until one settlement has it. */
export class LeaseSums {
  /** By limit, in the order of the caller's charges. */
  readonly #sums: Sum[][];
  readonly #hasBudget: boolean;
  readonly #ended: EndedCall[] = [];
  readonly #closed: string[] = [];
  #calls = 0;
  readonly recorded = Promise.withResolvers<void>();

  /** @param charges the charges of the caller */
  constructor(charges: readonly Charge[]) {
    this.#sums = charges.map(() => []);
    this.#hasBudget = charges.some(({ kind }) => kind === 'budget');
  }

  get isEmpty(): boolean {
    return this.#calls === 0 && this.#closed.length === 0;
  }

  get isFull(): boolean {
    return this.#calls >= MAX_ENDED;
  }

  /** Returns whether the store gets anything back of a limit. */
  returns(n: number): boolean {
    return (this.#sums[n] ?? []).some(({ amount, actual }) => amount > actual);
  }

  /** Adds the end of a call. @param actual the actual amount by limit */
  addCall(call: LeasedCall, actual: readonly number[], nowMs: number): void {
    const { lease, amounts, callId, admittedAtMs } = call;
    this.#calls++;
    let cost = 0;
    for (let n = 0; n < amounts.length; n++) {
      const { charge, receipt } = lease.reserved[n] as ReservedCharge;
      this.#add(n, receipt, amounts[n] as number, charge.kind === 'concurrency' ? 0 : (actual[n] as number));
      if (charge.kind === 'budget') cost = actual[n] as number;
    }
    // crash recovery settles only costs
    if (this.#hasBudget && nowMs - admittedAtMs >= LONG_CALL_MS) this.#ended.push({ callId, cost });
  }

  /** Adds the unused amounts of a lease, which has no further calls. */
  addUnused({ id, reserved, left }: QuotaLease): void {
    this.#closed.push(id);
    for (let n = 0; n < left.length; n++) {
      const amount = left[n] as number;
      if (amount > 0) this.#add(n, (reserved[n] as ReservedCharge).receipt, amount, 0);
    }
  }

  /** @param charges the charges of the caller */
  take(charges: readonly Charge[]): SummedCharges {
    const settled: SettledCharge[] = [];
    for (let n = 0; n < charges.length; n++) {
      const charge = charges[n] as Charge;
      for (const { receipt, amount, actual } of this.#sums[n] as Sum[]) {
        // a window already has an amount that was used in full
        if (charge.kind !== 'window' || amount !== actual) settled.push({ charge, receipt, amount, actual });
      }
    }
    return { charges: settled, ended: this.#ended, closed: this.#closed };
  }

  #add(n: number, receipt: unknown, amount: number, actual: number): void {
    const sums = this.#sums[n] as Sum[];
    for (const sum of sums) {
      if (sum.receipt !== receipt) continue;
      sum.amount = saturated(sum.amount + amount);
      sum.actual = saturated(sum.actual + actual);
      return;
    }
    sums.push({ receipt, amount, actual });
  }
}
