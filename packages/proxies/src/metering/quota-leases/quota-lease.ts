import type { MeterState } from '@sluice/core';
import type { Admitted, Charge, ReservedCharge } from '@sluice/store/ports';
import { amountOf, maxAmountOf } from './lease-shape.ts';

export interface QuotaLeaseOptions {
  readonly id: string;
  /** The number of calls for which the lease was sized. */
  readonly calls: number;
  readonly reserved: readonly ReservedCharge[];
  /** On the monotonic clock: the time at which the reservation was sent, and the end of the lease. */
  readonly sentAtMs: number;
  readonly untilMs: number;
}

/** Amounts of all limits of a caller that the store has reserved at once, for calls of this replica. */
export class QuotaLease {
  readonly id: string;
  readonly calls: number;
  readonly untilMs: number;
  /** One entry per limit of the caller. */
  readonly reserved: readonly ReservedCharge[];
  /** The unused amounts. */
  readonly left: number[];
  /** Ids of its calls that need no settlement: they are known until the lease is closed. */
  readonly unsettledIds: string[] = [];
  readonly #sentAtMs: number;
  #callsLeft: number;

  constructor({ id, calls, reserved, sentAtMs, untilMs }: QuotaLeaseOptions) {
    this.id = id;
    this.calls = calls;
    this.reserved = reserved;
    this.untilMs = untilMs;
    this.left = reserved.map(({ amount }) => amount);
    this.#sentAtMs = sentAtMs;
    this.#callsLeft = calls;
  }

  /** The number of further calls, by the number for which the lease was sized. */
  get callsLeft(): number {
    return this.#callsLeft;
  }

  /** Takes the amounts of a call, or nothing: then it returns undefined. The call has the limits of the lease. */
  take(charges: readonly Charge[]): number[] | undefined {
    const amounts: number[] = [];
    for (let n = 0; n < charges.length; n++) {
      const charge = charges[n] as Charge;
      const left = this.left[n] as number;
      if (amountOf(charge) > left) return undefined;
      amounts.push(charge.kind === 'budget' ? this.#granted(charge, left) : amountOf(charge));
    }
    for (let n = 0; n < amounts.length; n++) this.left[n] = (this.left[n] as number) - (amounts[n] as number);
    this.#callsLeft--;
    return amounts;
  }

  /** Returns the result for a call, whose amounts have been taken. */
  admission<C extends Charge>(charges: readonly C[], amounts: readonly number[], receipt: unknown, nowMs: number): Admitted<C> {
    const reserved: ReservedCharge<C>[] = [];
    for (let n = 0; n < charges.length; n++) {
      reserved.push({ charge: charges[n] as C, amount: amounts[n] as number, receipt, state: this.#state(n, nowMs) });
    }
    return { admitted: true, reserved };
  }

  /** The state as of the lease's reservation, without the amounts that are unused. */
  #state(n: number, nowMs: number): MeterState {
    const { meter, limit, remaining, resetMs } = (this.reserved[n] as ReservedCharge).state;
    const laterMs = resetMs === 0 ? 0 : Math.max(1, Math.ceil(resetMs - (nowMs - this.#sentAtMs)));
    return { meter, limit, remaining: Math.min(limit, remaining + (this.left[n] as number)), resetMs: laterMs };
  }

  /** A call gets more than its minimum if the lease has more for each of its calls. */
  #granted(charge: Charge, left: number): number {
    return Math.max(amountOf(charge), Math.min(maxAmountOf(charge), Math.floor(left / Math.max(1, this.#callsLeft))));
  }
}
