import type { Admitted } from '@sluice/store/ports';
import type { QuotaLease } from './quota-lease.ts';

/** Settles the calls of a caller's leases. */
export interface LeaseOwner {
  readonly tenant: string;
  /** Whether calls use leases now. */
  readonly isLeasing: boolean;
  /** Ends a call, and sets its `recorded`. @param actual the actual amount by limit */
  end(call: LeasedCall, actual: readonly number[], nowMs: number): void;
}

export interface LeasedCallOptions {
  readonly callId: string;
  readonly owner: LeaseOwner;
  readonly lease: QuotaLease;
  /** One entry per limit. */
  readonly amounts: readonly number[];
  /** On the monotonic clock, in ms. */
  readonly admittedAtMs: number;
}

/** A call that was admitted by a lease. It is the receipt of its charges. */
export class LeasedCall {
  readonly callId: string;
  readonly owner: LeaseOwner;
  readonly lease: QuotaLease;
  readonly amounts: readonly number[];
  readonly admittedAtMs: number;
  /** The result of its reservation. */
  admission: Admitted | undefined;
  /** Resolves when the store has recorded its settlement. Undefined while the call is in flight. */
  recorded: Promise<void> | undefined;

  constructor({ callId, owner, lease, amounts, admittedAtMs }: LeasedCallOptions) {
    this.callId = callId;
    this.owner = owner;
    this.lease = lease;
    this.amounts = amounts;
    this.admittedAtMs = admittedAtMs;
  }
}
