import type { HeldSlot, QuotaLeaseSettlement, SettledCharge, Settlement } from '../ports/index.ts';
import { KIND_LETTERS } from './meter-fields.ts';
import type { MeterTable } from './meter-table.ts';
import { Receipt } from './receipt.ts';
import { MAX_CALLS } from './reservation-batch.ts';
import type { TenantBatch } from './tenant-batches.ts';
import { idInGroup } from './tenant-groups.ts';

/** The origins of a settlement in settle.lua, except the creation of the replica's calls. */
const UNKNOWN = 0;
const UNCONFIRMED = -1;
const RELEASE = -2;
const OF_LEASES = -3;

/** The receipt of an amount that no sub-window and no generation has. */
const NOWHERE = -1;

/** A settlement, or a release of one call's slots, that waits for its response. */
export interface PendingSettlement {
  readonly tenant: string;
  readonly ending: Settlement | QuotaLeaseSettlement | readonly HeldSlot[];
  resolve(): void;
  reject(error: unknown): void;
}

export interface SettlementBatchOptions {
  readonly group: string;
  readonly table: MeterTable;
  /** Sends the batch, and resolves with the response of settle.lua. */
  send(table: MeterTable, ids: readonly string[], calls: string): Promise<unknown>;
  /** Called with an error. Returns true if it ends the calls in another way. */
  onFault(error: unknown, calls: readonly PendingSettlement[]): boolean;
}

/** The settlements and releases of one group in one turn of the event loop. */
export class SettlementBatch implements TenantBatch<PendingSettlement> {
  readonly #options: SettlementBatchOptions;
  readonly #table: MeterTable;
  readonly #pending: PendingSettlement[] = [];
  readonly #ids: string[] = [];
  #calls = '';

  constructor(options: SettlementBatchOptions) {
    this.#options = options;
    this.#table = options.table;
  }

  get group(): string {
    return this.#options.group;
  }

  add(pending: PendingSettlement): boolean {
    if (this.#pending.length === MAX_CALLS || this.#table.isFull) return false;
    const { tenant, ending } = pending;
    if ('closed' in ending) this.#calls += this.#ofLeases(ending);
    else this.#calls += 'charges' in ending ? this.#settlement(ending) : this.#release(tenant, ending);
    this.#pending.push(pending);
    return true;
  }

  send(): void {
    // a fault in writing the arguments rejects these calls, and stops no other batch of the turn
    const { send, onFault } = this.#options;
    const sent = new Promise((resolve) => resolve(send(this.#table, this.#ids, this.#calls)));
    sent.then(
      () => {
        for (const pending of this.#pending) pending.resolve();
      },
      (error: unknown) => {
        if (onFault(error, this.#pending)) return;
        for (const pending of this.#pending) pending.reject(error);
      },
    );
  }

  #settlement({ tenant, callId, subject, charges, unconfirmed = false }: Settlement): string {
    let kinds = '';
    let list = '';
    let receipt: Receipt | undefined;
    for (const settled of charges) {
      const { charge } = settled;
      if (settled.receipt instanceof Receipt) receipt = settled.receipt;
      kinds += KIND_LETTERS[charge.kind];
      list += `,${this.#table.offsetsOf(tenant, charge.subject ?? subject, charge, true)}${amountsOf(settled)}`;
    }
    const origin = unconfirmed ? UNCONFIRMED : (receipt?.since ?? UNKNOWN);
    this.#ids.push(this.#id(tenant, callId));
    return `,"${kinds}",${origin},${receipt?.isLong ? 1 : 0}${list}`;
  }

  #ofLeases({ tenant, callId, subject, charges, ended, closed }: QuotaLeaseSettlement): string {
    let kinds = '';
    let list = `,${closed.length}`;
    for (const id of closed) list += `,${this.#id(tenant, id)}`;
    list += `,${ended.length}`;
    let costs = '';
    for (const { callId: id, cost } of ended) {
      list += `,${this.#id(tenant, id)}`;
      costs += costs === '' ? cost : `,${cost}`;
    }
    list += `,"${costs}"`;
    for (const settled of charges) {
      const { charge } = settled;
      kinds += KIND_LETTERS[charge.kind];
      list += `,${this.#table.offsetsOf(tenant, charge.subject ?? subject, charge, true)}${amountsOf(settled)}`;
      if (charge.kind === 'budget') list += `,${settled.amount ?? charge.amount}`;
      list += `,${typeof settled.receipt === 'number' ? settled.receipt : NOWHERE}`;
    }
    this.#ids.push(this.#id(tenant, callId));
    return `,"${kinds}",${OF_LEASES},1${list}`;
  }

  /** Returns an id in the group of the batch, as JSON. */
  #id(tenant: string, callId: string): string {
    return JSON.stringify(idInGroup(this.group, tenant, callId));
  }

  #release(tenant: string, slots: readonly HeldSlot[]): string {
    let list = '';
    for (const { subject, meter, leaseMs } of slots) {
      list += `,${this.#table.offsetsOf(tenant, subject, { kind: 'concurrency', meter, limit: 0, leaseMs }, true)},1`;
    }
    this.#ids.push(this.#id(tenant, slots[0]?.callId ?? ''));
    return `,"${'c'.repeat(slots.length)}",${RELEASE},0${list}`;
  }
}

/** Of a window the reserved amount, of a window or a budget the actual amount, and of slots their number. */
function amountsOf({ charge, amount, actual }: SettledCharge): string {
  if (charge.kind === 'concurrency') return `,${amount ?? charge.amount ?? 1}`;
  return charge.kind === 'window' ? `,${amount ?? charge.amount},${actual}` : `,${actual}`;
}
