import { randomUUID } from 'node:crypto';
import type { Charge, Meters, ReservationRequest, ReservationResult } from '@sluice/store/ports';
import { CallRate } from './call-rate.ts';
import type { LeaseSettlements } from './lease-settlements.ts';
import { LeaseSize, type LeaseSizes } from './lease-size.ts';
import { LeaseSums } from './lease-sums.ts';
import { LeasedCall, type LeaseOwner } from './leased-call.ts';
import { QuotaLease } from './quota-lease.ts';

/** Maximum lifetime of a lease, in ms: an unused amount returns to the store after it. */
const LEASE_MS = 100;
/** Maximum age of the store's last response for a lease, in ms. */
const ROOM_MS = 100;
/** The part of a sub-window in which a lease is used: the clocks of two machines may differ in their speed. */
const CLOCK_MARGIN = 0.99;

export interface LeasedCallerOptions {
  readonly tenant: string;
  readonly subject: string;
  readonly charges: readonly Charge[];
  readonly meters: Pick<Meters, 'reserve'>;
  readonly settlements: LeaseSettlements;
  readonly sizes: LeaseSizes;
  /** The number of replicas, and of callers of the tenant at this replica with leases. */
  readonly sharing: () => { readonly replicas: number; readonly callers: number };
  /** Called when a lease or a sum begins. */
  readonly onActive: (caller: LeasedCaller) => void;
  /** Called with a caller without leases, when the first of its calls has ended since its last settlement. */
  readonly onEnded: (caller: LeasedCaller) => void;
  readonly onClosed: (lease: QuotaLease) => void;
  readonly onFailure: () => void;
}

/** The leases of one caller, by the limits that apply to its calls. */
export class LeasedCaller implements LeaseOwner {
  readonly tenant: string;
  readonly subject: string;
  readonly charges: readonly Charge[];
  isActive = false;
  readonly #options: LeasedCallerOptions;
  readonly #rate = new CallRate();
  readonly #size: LeaseSize;
  #sums: LeaseSums;
  /** The lease in use, and the next one. */
  #lease: QuotaLease | undefined;
  #next: QuotaLease | undefined;
  /** Resolves when the store has responded to the request for a lease. */
  #requesting: Promise<void> | undefined;
  #callsPerS = 0;
  /** On the monotonic clock: the end of the last lease's sub-window, or earlier; the last response of the store. */
  #subWindowEndsAtMs = 0;
  #roomAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeasedCallerOptions) {
    this.#options = options;
    this.tenant = options.tenant;
    this.subject = options.subject;
    this.charges = options.charges;
    this.#size = new LeaseSize(options.charges);
    this.#sums = new LeaseSums(options.charges);
  }

  /** Whether calls use leases now. */
  get isLeasing(): boolean {
    return this.#lease !== undefined || this.#next !== undefined || this.#requesting !== undefined;
  }

  /** Counts a call. Returns the calls per second at this replica. */
  count(nowMs: number): number {
    this.#callsPerS = this.#rate.count(nowMs);
    return this.#callsPerS;
  }

  /** Admits a call by a lease. Returns undefined if no lease has its amounts. */
  admit({ callId, charges }: ReservationRequest, nowMs: number): LeasedCall | undefined {
    this.#size.noteAmounts(charges);
    this.#expire(nowMs);
    let amounts = this.#lease?.take(charges);
    if (amounts === undefined && this.#next !== undefined) {
      amounts = this.#next.take(charges);
      if (amounts !== undefined) this.#useNext();
    }
    if (amounts === undefined || this.#lease === undefined) return undefined;
    return new LeasedCall({ callId, owner: this, lease: this.#lease, amounts, admittedAtMs: nowMs });
  }

  /** Requests the next lease if the one in use is half empty. @param hasFailed whether no lease had the amounts of a call */
  refill(nowMs: number, hasFailed: boolean): void {
    if (this.#requesting !== undefined || this.#next !== undefined || nowMs - this.#roomAtMs > ROOM_MS) return;
    const lease = this.#lease;
    if (lease !== undefined && !hasFailed && lease.callsLeft * 2 > lease.calls) return;
    const { sizes, sharing } = this.#options;
    const { replicas, callers } = sharing();
    const left = this.#subWindowEndsAtMs - nowMs;
    const spanMs = left > 0 ? Math.min(sizes.spanMs, left) : sizes.spanMs;
    const calls = this.#size.calls((this.#callsPerS * spanMs) / 1_000, replicas, callers, sizes);
    if (calls > 0) this.#request(calls, nowMs);
  }

  /** Records what remains of the limits. */
  note(result: ReservationResult, nowMs: number): void {
    if (result.admitted) for (const [n, { state }] of result.reserved.entries()) this.#size.noteRoom(n, state.remaining);
    else if (result.reason === 'exhausted')
      for (const [n, { remaining }] of result.meters.entries()) this.#size.noteRoom(n, remaining);
    else return;
    this.#roomAtMs = nowMs;
  }

  /** Ends a call. @param actual the actual amount by limit */
  end(call: LeasedCall, actual: readonly number[], nowMs: number): void {
    const sums = this.#sums;
    const isFirst = sums.isEmpty;
    sums.addCall(call, actual, nowMs);
    call.recorded = sums.recorded.promise;
    if (sums.isFull) void this.flush();
    else if (this.isLeasing) this.#options.onActive(this);
    // near a limit, the next call may need the room at once
    else if (isFirst) this.#options.onEnded(this);
  }

  /** Returns whether the store would get back something of a limit. */
  holds(subject: string, charge: Charge): boolean {
    return this.charges.some((own, n) => {
      if (own.kind !== charge.kind || own.meter !== charge.meter || (own.subject ?? this.subject) !== subject) return false;
      return (this.#lease?.left[n] ?? 0) > 0 || (this.#next?.left[n] ?? 0) > 0 || this.#sums.returns(n);
    });
  }

  /** Closes all leases and settles all ended calls. Resolves after the first attempt. */
  async giveBack(): Promise<void> {
    this.#closeAll();
    const settled = this.flush();
    // a lease that the store has made already holds room too
    await this.#requesting;
    this.#closeAll();
    await Promise.all([settled, this.flush()]);
  }

  /** Closes leases that have ended, and settles ended calls. Returns whether anything remains. */
  turn(nowMs: number): boolean {
    this.#expire(nowMs);
    void this.flush();
    return this.isLeasing;
  }

  /** Settles ended calls. Resolves after the first attempt. */
  async flush(): Promise<void> {
    const sums = this.#sums;
    if (sums.isEmpty) return;
    this.#sums = new LeaseSums(this.charges);
    const { tenant, subject, settlements } = this.#options;
    const settlement = { tenant, subject, callId: randomUUID(), ...sums.take(this.charges) };
    await settlements.send(settlement, () => sums.recorded.resolve());
  }

  #request(calls: number, sentAtMs: number): void {
    const { tenant, subject, meters, settlements, onActive, onFailure } = this.#options;
    const request = { tenant, subject, callId: randomUUID(), charges: this.#size.charges(calls), isQuotaLease: true };
    onActive(this);
    this.#requesting = meters.reserve(request).then(
      (result) => {
        this.#requesting = undefined;
        this.note(result, sentAtMs);
        if (result.admitted) this.#received(request.callId, calls, result, sentAtMs);
      },
      () => {
        this.#requesting = undefined;
        onFailure();
        void settlements.withdraw(request);
      },
    );
  }

  #received(
    id: string,
    calls: number,
    { reserved, usableMs = Number.POSITIVE_INFINITY }: Extract<ReservationResult, { admitted: true }>,
    sentAtMs: number,
  ): void {
    // the store has counted the lease after it was sent, so that its sub-window ends no earlier
    this.#subWindowEndsAtMs = sentAtMs + usableMs;
    const untilMs = sentAtMs + Math.min(LEASE_MS, usableMs * CLOCK_MARGIN);
    const lease = new QuotaLease({ id, calls, reserved, sentAtMs, untilMs });
    if (this.#lease === undefined) this.#lease = lease;
    else this.#next = lease;
    this.#options.onActive(this);
  }

  #expire(nowMs: number): void {
    if (this.#lease !== undefined && this.#lease.untilMs <= nowMs) this.#useNext();
    if (this.#lease !== undefined && this.#lease.untilMs <= nowMs) this.#useNext();
  }

  #useNext(): void {
    this.#close(this.#lease);
    this.#lease = this.#next;
    this.#next = undefined;
  }

  #closeAll(): void {
    this.#close(this.#lease);
    this.#close(this.#next);
    this.#lease = undefined;
    this.#next = undefined;
  }

  #close(lease: QuotaLease | undefined): void {
    if (lease === undefined) return;
    this.#sums.addUnused(lease);
    this.#options.onClosed(lease);
  }
}
