import type { CallSignal } from '@sluice/core';
import type { AlreadySettled, Exhausted, ReservedCharge } from '@sluice/store/ports';
import type { CallPlan, PlannedCharge } from './plan.ts';
import type { RecordedShare } from './replica-shares.ts';

/** A reserved charge. The state of its meter is unknown if the store did not confirm it. */
export interface PlannedReservation extends Omit<ReservedCharge<PlannedCharge>, 'state'> {
  readonly state: ReservedCharge['state'] | undefined;
}

export interface Admission {
  readonly admitted: true;
  /** One entry per charge of the plan. A budget may have granted more than its minimum. */
  readonly reserved: readonly PlannedReservation[];
  /** False if the store did not respond, and this replica admitted the call alone. */
  readonly confirmed: boolean;
  /** The amounts of the call in this replica's own windows. Undefined if the number of replicas is unknown. */
  readonly share: RecordedShare<PlannedCharge> | undefined;
}

/** The limits could not be checked. */
export interface Unchecked {
  readonly admitted: false;
  readonly reason: 'unchecked';
  readonly cause?: unknown;
}

/** The client disconnected before the decision. */
export interface Disconnected {
  readonly admitted: false;
  readonly reason: 'disconnected';
}

export type Refusal = Exhausted<PlannedCharge> | AlreadySettled | Unchecked | Disconnected;

/** Decides whether the limits of a call have room, and takes its charges from all of them or from none. */
export interface Limiter {
  /** Never throws: every outcome is a result. */
  admit(plan: CallPlan, signal: CallSignal): Promise<Admission | Refusal> | Admission | Refusal;
}
