import type { MeterState } from '@sluice/core';
import {
  type BudgetCharge,
  type Charge,
  type MeteredCall,
  type ReservationRequest,
  type ReservationResult,
  type ReservedCharge,
  subWindowsOf,
} from '../ports/index.ts';
import { KIND_LETTERS } from './meter-fields.ts';
import type { MeterTable } from './meter-table.ts';
import { Receipt } from './receipt.ts';
import type { TenantBatch } from './tenant-batches.ts';
import { idInGroup } from './tenant-groups.ts';

/** The verdicts of reserve.lua. Any other value is a refusal. */
const ADMITTED = 1;
const IN_FLIGHT = 2;
const UNSEEDED = -1;
/** The figures before the first charge of a call in the response of reserve.lua, and the figures per charge. */
const HEAD_FIGURES = 3;
const CHARGE_FIGURES = 2;
/** Maximum number of calls of one script: Lua unpacks some thousand values at once. */
export const MAX_CALLS = 200;

/** A reservation that waits for its response. */
export interface PendingReservation {
  readonly request: ReservationRequest;
  /** Whether its budgets were seeded because an earlier response required it. */
  readonly isSeeded: boolean;
  resolve(result: ReservationResult): void;
  reject(error: unknown): void;
}

export interface ReservationBatchOptions {
  readonly group: string;
  readonly table: MeterTable;
  /** Sends the batch, and returns the response of reserve.lua. */
  send(table: MeterTable, ids: readonly string[], calls: string): Promise<string>;
  /** Called with the spend of each budget. */
  onSpend(of: Pick<MeteredCall, 'tenant' | 'subject'>, charge: BudgetCharge, spent: number): void;
  /** Called with the calls whose budgets have to be seeded. */
  onUnseeded(calls: readonly PendingReservation[]): void;
  /** Called with an error. Returns true if it decides the calls in another way. */
  onFault(error: unknown, calls: readonly PendingReservation[]): boolean;
}

/** The reservations of one group in one turn of the event loop. */
export class ReservationBatch implements TenantBatch<PendingReservation> {
  readonly #options: ReservationBatchOptions;
  readonly #pending: PendingReservation[] = [];
  readonly #ids: string[] = [];
  #calls = '';

  constructor(options: ReservationBatchOptions) {
    this.#options = options;
  }

  get group(): string {
    return this.#options.group;
  }

  add(pending: PendingReservation): boolean {
    if (this.#pending.length === MAX_CALLS || this.#options.table.isFull) return false;
    const { request } = pending;
    const isFirst = this.#pending.length === 0;
    let kinds = '';
    let charges = '';
    for (const charge of request.charges) {
      const offsets = this.#options.table.offsetsOf(request.tenant, charge.subject ?? request.subject, charge, isFirst);
      if (offsets === undefined) return false;
      kinds += KIND_LETTERS[charge.kind];
      charges += `,${offsets},${amountsOf(charge)}`;
    }
    this.#ids.push(JSON.stringify(idInGroup(this.group, request.tenant, request.callId)));
    this.#calls += `,"${kinds}"${charges}`;
    this.#pending.push(pending);
    return true;
  }

  send(): void {
    const { send, table, onFault } = this.#options;
    send(table, this.#ids, this.#calls)
      .then((text) => this.#answer(JSON.parse(text) as number[][]))
      // also a fault in reading the response: every call gets an answer
      .catch((error: unknown) => {
        if (onFault(error, this.#pending)) return;
        for (const pending of this.#pending) pending.reject(error);
      });
  }

  #answer(response: readonly (readonly number[])[]): void {
    const { table, onSpend, onUnseeded } = this.#options;
    const [since = 0, nowUs = 0, ...spends] = response[0] ?? [];
    table.budgets().forEach(({ charge, ...of }, n) => {
      const spent = spends[n] ?? -1;
      if (spent >= 0) onSpend(of, charge, spent);
    });
    const unseeded: PendingReservation[] = [];
    const receivedAtMs = performance.now();
    for (let n = 0; n < this.#pending.length; n++) {
      const pending = this.#pending[n] as PendingReservation;
      const answer = response[n + 1] ?? [];
      if (answer[0] !== UNSEEDED)
        pending.resolve(readReservation(pending.request, answer, nowUs, new Receipt(since, receivedAtMs)));
      else if (pending.isSeeded) pending.reject(new Error('a budget was lost while it was seeded'));
      else unseeded.push(pending);
    }
    if (unseeded.length > 0) onUnseeded(unseeded);
  }
}

/** The amount to reserve, and of a budget its maximum. */
function amountsOf(charge: Charge): string {
  switch (charge.kind) {
    case 'window':
      return `${charge.amount}`;
    case 'concurrency':
      return `${charge.amount ?? 1}`;
    case 'budget':
      return `${charge.amount},${charge.maxAmount ?? charge.amount}`;
  }
}

/** Reads the figures of one call in the response of reserve.lua. */
function readReservation<C extends Charge>(
  { charges, isQuotaLease = false }: ReservationRequest<C>,
  answer: readonly number[],
  nowUs: number,
  receipt: Receipt,
): ReservationResult<C> {
  const [verdict, exhausted = 0, retryAfterMs = 0] = answer;
  const reserved: ReservedCharge<C>[] = [];
  for (let n = 0, at = HEAD_FIGURES; n < charges.length; n++, at += CHARGE_FIGURES) {
    const charge = charges[n] as C;
    const { meter, limit } = charge;
    const remaining = answer[at] ?? 0;
    const state: MeterState = { meter, limit, remaining, resetMs: resetMs(charge, remaining, answer[at + 1] ?? 0, nowUs) };
    // the sub-window or generation says where a quota lease was counted, whichever call returns a part of it
    reserved.push({ charge, amount: amountOf(charge, answer), receipt: isQuotaLease ? answer[at + 1] : receipt, state });
  }
  if (verdict === ADMITTED && !isQuotaLease) return { admitted: true, reserved };
  if (verdict === ADMITTED) return { admitted: true, reserved, usableMs: usableMs(charges, answer, nowUs) };
  const first = reserved[exhausted - 1];
  if (first === undefined) return { admitted: false, reason: 'already_settled' };
  const { charge, state } = first;
  const meters = reserved.map((one) => one.state);
  const refusal = { admitted: false, reason: 'exhausted', charge, state, retryAfterMs, meters } as const;
  return verdict === IN_FLIGHT ? { ...refusal, inFlight: true } : refusal;
}

/** Returns the time until the first of the sub-windows ends that have counted a reservation, in ms. Undefined without a window. */
function usableMs(charges: readonly Charge[], answer: readonly number[], nowUs: number): number | undefined {
  let endUs = Number.POSITIVE_INFINITY;
  for (const [n, charge] of charges.entries()) {
    if (charge.kind !== 'window') continue;
    const subWindow = answer[HEAD_FIGURES + n * CHARGE_FIGURES + 1] ?? 0;
    endUs = Math.min(endUs, ((subWindow + 1) * charge.windowMs * 1_000) / subWindowsOf(charge.windowMs));
  }
  return endUs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, (endUs - nowUs) / 1_000);
}

/** Returns the reserved amount of a charge. All budgets of a call have reserved the last figure. */
function amountOf(charge: Charge, answer: readonly number[]): number {
  if (charge.kind === 'window') return charge.amount;
  return charge.kind === 'budget' ? (answer.at(-1) ?? 0) : (charge.amount ?? 1);
}

/** Returns the time until a limit is unused, in ms; 0 if that cannot be predicted. `subWindow` is the newest one of a window. */
function resetMs(charge: Charge, remaining: number, subWindow: number, nowUs: number): number {
  if (charge.kind === 'concurrency') return 0;
  if (charge.kind === 'budget') return Math.max(0, (charge.endsAtMs ?? 0) - Math.floor(nowUs / 1_000));
  if (remaining === charge.limit) return 0;
  const subWindows = subWindowsOf(charge.windowMs);
  const emptyAtUs = ((subWindow + subWindows + 1) * charge.windowMs * 1_000) / subWindows;
  return Math.max(1, Math.ceil((emptyAtUs - nowUs) / 1_000));
}
