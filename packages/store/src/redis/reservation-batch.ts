import type { MeterState } from '@sluice/core';
import type { BudgetCharge, Charge, ReservationRequest, ReservationResult, ReservedCharge } from '../ports/index.ts';
import { KIND_LETTERS } from './meter-fields.ts';
import type { MeterTable } from './meter-table.ts';
import { Receipt } from './receipt.ts';
import type { TenantBatch } from './tenant-batches.ts';

/** The verdicts of reserve.lua. Any other value is a refusal. */
const ADMITTED = 1;
const IN_FLIGHT = 2;
const UNSEEDED = -1;
/** The figures before the first charge of a call in the response of reserve.lua, and the figures per charge. */
const HEAD_FIGURES = 4;
const CHARGE_FIGURES = 3;
const BUDGET_FIGURES = 4;
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
  readonly tenant: string;
  readonly table: MeterTable;
  /** Sends the batch, and returns the response of reserve.lua. */
  send(table: MeterTable, calls: string): Promise<string>;
  /** Called with the spend of each budget. */
  onSpend(of: ReservationRequest, charge: BudgetCharge, spent: number): void;
  /** Called with the calls whose budgets have to be seeded. */
  onUnseeded(calls: readonly PendingReservation[]): void;
}

/** The reservations of one tenant in one turn of the event loop. */
export class ReservationBatch implements TenantBatch<PendingReservation> {
  readonly #options: ReservationBatchOptions;
  readonly #pending: PendingReservation[] = [];
  /** The first charge of each budget, in the order of the script's spends. */
  readonly #budgets: { readonly of: ReservationRequest; readonly charge: BudgetCharge; readonly number: number }[] = [];
  #calls = '';

  constructor(options: ReservationBatchOptions) {
    this.#options = options;
  }

  get tenant(): string {
    return this.#options.tenant;
  }

  add(pending: PendingReservation): boolean {
    if (this.#pending.length === MAX_CALLS) return false;
    const { request } = pending;
    const isFirst = this.#pending.length === 0;
    let kinds = '';
    let charges = '';
    for (const charge of request.charges) {
      const number = this.#options.table.numberOf(charge.subject ?? request.subject, charge, isFirst);
      if (number === 0) return false;
      if (charge.kind === 'budget') this.#noteBudget(request, charge, number);
      kinds += KIND_LETTERS[charge.kind];
      charges += `,${number},${amountsOf(charge)}`;
    }
    this.#calls += `${isFirst ? '' : ','}${JSON.stringify(request.callId)},"${kinds}"${charges}`;
    this.#pending.push(pending);
    return true;
  }

  send(): void {
    const { send, table } = this.#options;
    send(table, this.#calls).then(
      (text) => this.#answer(JSON.parse(text) as number[][]),
      (error: unknown) => {
        for (const pending of this.#pending) pending.reject(error);
      },
    );
  }

  #answer(response: readonly (readonly number[])[]): void {
    const { onSpend, onUnseeded } = this.#options;
    this.#budgets.forEach(({ of, charge }, n) => {
      const spent = response[0]?.[n] ?? -1;
      if (spent >= 0) onSpend(of, charge, spent);
    });
    const unseeded: PendingReservation[] = [];
    const nowMs = performance.now();
    for (let n = 0; n < this.#pending.length; n++) {
      const pending = this.#pending[n] as PendingReservation;
      const answer = response[n + 1] ?? [];
      if (answer[0] !== UNSEEDED) pending.resolve(readReservation(pending.request.charges, answer, nowMs));
      else if (pending.isSeeded) pending.reject(new Error('a budget was lost while it was seeded'));
      else unseeded.push(pending);
    }
    if (unseeded.length > 0) onUnseeded(unseeded);
  }

  #noteBudget(of: ReservationRequest, charge: BudgetCharge, number: number): void {
    const last = this.#budgets.at(-1);
    if (last === undefined || number > last.number) this.#budgets.push({ of, charge, number });
  }
}

/** The amount to reserve, and its maximum. */
function amountsOf(charge: Charge): string {
  switch (charge.kind) {
    case 'window':
      return `${charge.amount},0`;
    case 'concurrency':
      return '1,0';
    case 'budget':
      return `${charge.amount},${charge.maxAmount ?? charge.amount}`;
  }
}

/** Reads the figures of one call in the response of reserve.lua. */
function readReservation<C extends Charge>(
  charges: readonly C[],
  answer: readonly number[],
  nowMs: number,
): ReservationResult<C> {
  const [verdict, exhausted = 0, retryAfterMs = 0, since = 0] = answer;
  const receipt = verdict === ADMITTED ? new Receipt(since, nowMs) : undefined;
  const reserved: ReservedCharge<C>[] = [];
  let at = HEAD_FIGURES;
  for (const charge of charges) {
    reserved.push(readCharge(charge, answer, at, receipt));
    at += charge.kind === 'budget' ? BUDGET_FIGURES : CHARGE_FIGURES;
  }
  if (receipt !== undefined) return { admitted: true, reserved };
  const first = reserved[exhausted - 1];
  if (first === undefined) return { admitted: false, reason: 'already_settled' };
  const { charge, state } = first;
  const meters = reserved.map((one) => one.state);
  const refusal = { admitted: false, reason: 'exhausted', charge, state, retryAfterMs, meters } as const;
  return verdict === IN_FLIGHT ? { ...refusal, inFlight: true } : refusal;
}

function readCharge<C extends Charge>(
  charge: C,
  answer: readonly number[],
  at: number,
  receipt: Receipt | undefined,
): ReservedCharge<C> {
  const { kind, meter, limit } = charge;
  const state: MeterState = { meter, limit, remaining: answer[at] ?? 0, resetMs: answer[at + 1] ?? 0 };
  if (kind === 'window') return { charge, amount: charge.amount, receipt, state };
  return { charge, amount: kind === 'budget' ? (answer[at + 3] ?? 0) : 1, receipt, state };
}
