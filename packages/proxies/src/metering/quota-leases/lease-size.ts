import { type Charge, saturated } from '@sluice/store/ports';
import { amountOf, maxAmountOf } from './lease-shape.ts';

/** What a lease may take. */
export interface LeaseSizes {
  /** The time for which a lease has calls, in ms. */
  readonly spanMs: number;
  /** A lease for fewer calls would save nothing. */
  readonly minCalls: number;
  readonly maxCalls: number;
  /** The share of a limit that the leases of all replicas may leave unused. */
  readonly shareOfLimit: number;
  /** The share of the room under a limit that the leases of all replicas may take at once. */
  readonly shareOfRoom: number;
}

export const LEASE_SIZES: LeaseSizes = { spanMs: 50, minCalls: 4, maxCalls: 1_000, shareOfLimit: 0.02, shareOfRoom: 0.2 };

/** A replica may have a lease in use and the next one. */
const LEASES_OF_A_REPLICA = 2;
/** Weight of a call's amount in the mean of recent amounts. */
const WEIGHT = 1 / 16;

/** The mean amounts of a caller's recent calls, and the room under its limits. */
export class LeaseSize {
  readonly #charges: readonly Charge[];
  readonly #mean: number[];
  readonly #meanMax: number[];
  /** The amounts that the store had at its last response. */
  readonly #room: number[];

  constructor(charges: readonly Charge[]) {
    this.#charges = charges;
    this.#mean = charges.map(amountOf);
    this.#meanMax = charges.map(maxAmountOf);
    this.#room = charges.map(() => 0);
  }

  /** Records the amounts of a call. */
  noteAmounts(charges: readonly Charge[]): void {
    for (let n = 0; n < charges.length; n++) {
      const charge = charges[n] as Charge;
      const mean = this.#mean[n] as number;
      const meanMax = this.#meanMax[n] as number;
      this.#mean[n] = mean + (amountOf(charge) - mean) * WEIGHT;
      this.#meanMax[n] = meanMax + (maxAmountOf(charge) - meanMax) * WEIGHT;
    }
  }

  /** Records what remains of a limit. */
  noteRoom(n: number, remaining: number): void {
    this.#room[n] = remaining;
  }

  /**
   * Returns the number of calls that a lease may have, of the wanted number. 0 for no lease.
   *
   * @param callers the number of callers at each replica whose leases may share the limits of a group
   */
  calls(wanted: number, replicas: number, callers: number, sizes: LeaseSizes): number {
    const { minCalls, maxCalls, shareOfLimit, shareOfRoom } = sizes;
    let calls = Math.min(maxCalls, Math.floor(wanted));
    for (let n = 0; n < this.#charges.length; n++) {
      const { limit, subject } = this.#charges[n] as Charge;
      const leases = LEASES_OF_A_REPLICA * replicas * (subject === undefined ? 1 : callers);
      const most = Math.min((limit * shareOfLimit) / leases, ((this.#room[n] as number) * shareOfRoom) / leases);
      const each = this.#mean[n] as number;
      if (each > 0) calls = Math.min(calls, Math.floor(most / each));
    }
    return calls < minCalls ? 0 : calls;
  }

  /** Returns the charges of a lease. */
  charges(calls: number): Charge[] {
    return this.#charges.map((charge, n) => {
      const amount = saturated(Math.ceil(calls * (this.#mean[n] as number)));
      if (charge.kind !== 'budget') return { ...charge, amount };
      return { ...charge, amount, maxAmount: Math.max(amount, saturated(calls * (this.#meanMax[n] as number))) };
    });
  }
}
