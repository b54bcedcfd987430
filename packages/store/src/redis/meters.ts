import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '@sluice/core';
import {
  assertAmounts,
  type BudgetName,
  type BudgetState,
  type Charge,
  type HeldBudget,
  type HeldSlot,
  LEASE_SHARE,
  type LeaseGrant,
  type LeaseRequest,
  type Meters,
  type QuotaLeaseSettlement,
  type ReservationRequest,
  type ReservationResult,
  type SettledCharge,
  type Settlement,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { budgetField, holderField, slotsField } from './meter-fields.ts';
import { MeterTable } from './meter-table.ts';
import { type PendingReservation, ReservationBatch } from './reservation-batch.ts';
import { Script } from './script.ts';
import { type PendingSettlement, SettlementBatch } from './settlement-batch.ts';
import { SpentBudgets } from './spent-budgets.ts';
import { type TenantBatch, TenantBatches } from './tenant-batches.ts';
import { TenantGroups } from './tenant-groups.ts';

/** Lifetime of the hash of a replica's calls in flight after its last call of a tenant, in ms. */
const CALLS_TTL_MS = 600_000;
/** Span of time whose ended calls have one key, in ms. They are remembered for one to two spans. */
const ENDED_SPAN_MS = 150_000;

const RESERVE = new Script('reserve');
const RENEW = new Script('renew');
const SETTLE = new Script('settle');
const LEASE = new Script('lease-budget');

export interface RedisMetersOptions {
  readonly state: RedisClient;
  readonly background: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Replaces the clock of Redis in tests. */
  readonly clock?: Clock | undefined;
}

/** Meters shared by all replicas: one script for all calls of a group in one turn of the event loop. */
export class RedisMeters implements Meters {
  readonly #options: RedisMetersOptions;
  readonly #spent: SpentBudgets;
  /** This process: a restarted replica has another id, and returns nothing that the former process reserved. */
  readonly #replica = randomBytes(6).toString('base64url');
  readonly #groups: TenantGroups;
  readonly #reservations: TenantBatches<PendingReservation>;
  readonly #settlements: TenantBatches<PendingSettlement>;

  constructor(options: RedisMetersOptions) {
    this.#options = options;
    this.#spent = new SpentBudgets(options);
    this.#groups = new TenantGroups(options.state);
    this.#reservations = new TenantBatches(options.state, (group) => this.#reservationBatch(group));
    this.#settlements = new TenantBatches(options.background, (group) => this.#settlementBatch(group));
  }

  reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>> {
    return new Promise((resolve, reject) => {
      for (const charge of request.charges) assertCharge(charge);
      const pending = { request, isSeeded: false, resolve: resolve as (result: ReservationResult) => void, reject };
      this.#reservations.add(this.#groups.of(request.tenant), pending);
    });
  }

  async release(slots: readonly HeldSlot[]): Promise<void> {
    const calls = Map.groupBy(slots, ({ tenant, callId }) => `${tenant} ${callId}`);
    await Promise.all([...calls.values()].map((ending) => this.#end((ending[0] as HeldSlot).tenant, ending)));
  }

  settle(settlement: Settlement): Promise<void> {
    return this.#end(settlement.tenant, settlement);
  }

  settleQuotaLeases(settlement: QuotaLeaseSettlement): Promise<void> {
    return this.#end(settlement.tenant, settlement);
  }

  #end(tenant: string, ending: PendingSettlement['ending']): Promise<void> {
    return new Promise((resolve, reject) => {
      if ('charges' in ending) for (const settled of ending.charges) assertSettled(settled);
      if ('ended' in ending) for (const { cost } of ending.ended) assertAmounts([cost]);
      this.#settlements.add(this.#groups.of(tenant), { tenant, ending, resolve, reject });
    });
  }

  async budget(of: BudgetName): Promise<BudgetState> {
    const { layout } = this.#options;
    const field = budgetField(of.meter, of.period);
    const [parts, nowMs] = await Promise.all([
      this.#options.background.hgetall(layout.subject(of.tenant, of.subject)),
      this.#storeMs(),
    ]);
    const [known = -1, leased = 0, , reserved = 0] = parts[field]?.split(',').map(Number) ?? [];
    // the next call seeds an unknown budget with the spend of the ledger
    const spent = known >= 0 ? known : await this.#spent.inLedger(of);
    const ended = endedParts(parts, field, nowMs);
    return { spent, reserved: reserved - leased - ended.reserved, leased: leased - ended.leased };
  }

  async raiseToLedger(budgets: readonly BudgetName[]): Promise<void> {
    await this.#spent.raise(budgets);
  }

  async lease(request: LeaseRequest): Promise<LeaseGrant> {
    const { tenant, subject, meter, period, endsAtMs, limit, holder, wanted, promised, leaseMs } = request;
    assertAmounts([limit, wanted, promised]);
    const { background, layout } = this.#options;
    const field = budgetField(meter, period);
    const args = [field, holder, this.#now(), leaseMs, limit, wanted, promised, LEASE_SHARE, endsAtMs ?? 0];
    const [granted = 0, target = 0] = (await LEASE.run(background, [layout.subject(tenant, subject)], args)) as number[];
    return { granted, target };
  }

  async renew(held: readonly (HeldSlot | HeldBudget)[]): Promise<void> {
    await Promise.all([...Map.groupBy(held, ({ tenant }) => tenant)].map(([tenant, some]) => this.#renew(tenant, some)));
  }

  /** Returns the time of the store, in ms since the epoch. */
  async #storeMs(): Promise<number> {
    const { background, clock } = this.#options;
    return clock === undefined ? Number((await background.time())[0]) * 1_000 : clock.now();
  }

  /** Extends each part of this replica once, regardless of the number of its calls. */
  async #renew(tenant: string, held: readonly (HeldSlot | HeldBudget)[]): Promise<void> {
    const { background, layout } = this.#options;
    const keys = [layout.calls(this.#groups.of(tenant), this.#replica)];
    const fields: string[][] = [];
    const leases: number[][] = [];
    for (const [subject, some] of Map.groupBy(held, (one) => one.subject)) {
      const byField = new Map(some.map((one) => [holderField(heldField(one), this.#replica), one.leaseMs]));
      keys.push(layout.subject(tenant, subject));
      fields.push(['x', ...byField.keys()]);
      leases.push([...byField.values()]);
    }
    await RENEW.run(background, keys, [JSON.stringify([this.#now() || false, CALLS_TTL_MS, fields, leases])]);
  }

  #reservationBatch(group: string): ReservationBatch {
    return new ReservationBatch({
      group,
      table: this.#table(true),
      send: async (table, ids, calls) => {
        const { state, wait } = this.#options;
        const args = table.arguments(this.#now() || false, CALLS_TTL_MS, ids, calls);
        return (await wait('reserve', () => RESERVE.run(state, this.#keys(group, table), [args]))) as string;
      },
      onSpend: (of, charge, spent) => this.#spent.compare(of, charge, spent),
      onUnseeded: (calls) => {
        for (const some of Map.groupBy(calls, tenantOfReservation).values()) this.#seed(some);
      },
      onFault: (error, calls) =>
        this.#divide(group, error, Map.groupBy(calls, tenantOfReservation), (of) => this.#reservationBatch(of)),
    });
  }

  /** Sends calls in a script per tenant if they may succeed there. Returns whether they were sent. */
  #divide<T>(
    group: string,
    error: unknown,
    calls: ReadonlyMap<string, readonly T[]>,
    open: (group: string) => TenantBatch<T>,
  ): boolean {
    if (!this.#groups.mustDivide(group, error, calls.keys())) return false;
    for (const [tenant, some] of calls) {
      const batch = open(this.#groups.of(tenant));
      for (const pending of some) batch.add(pending);
      batch.send();
    }
    return true;
  }

  /** Seeds the budgets of a tenant's calls, and sends the calls again. Other calls of their batch have been decided. */
  #seed(calls: readonly PendingReservation[]): void {
    this.#spent.seed(calls.map(({ request }) => request)).then(
      () => {
        for (const pending of calls) {
          this.#reservations.add(this.#groups.of(pending.request.tenant), { ...pending, isSeeded: true });
        }
      },
      (error: unknown) => {
        for (const pending of calls) pending.reject(error);
      },
    );
  }

  #settlementBatch(group: string): SettlementBatch {
    return new SettlementBatch({
      group,
      table: this.#table(false),
      send: (table, ids, calls) => {
        const args = table.arguments(this.#now() || false, ENDED_SPAN_MS, ids, calls);
        return SETTLE.run(this.#options.background, this.#keys(group, table), [args]);
      },
      onFault: (error, calls) =>
        this.#divide(group, error, Map.groupBy(calls, tenantOfSettlement), (of) => this.#settlementBatch(of)),
    });
  }

  #table(isExact: boolean): MeterTable {
    return new MeterTable(this.#replica, (tenant, subject) => this.#options.layout.subject(tenant, subject), isExact);
  }

  /** Returns the keys of a batch. */
  #keys(group: string, table: MeterTable): string[] {
    const { layout, clock = systemClock } = this.#options;
    const span = Math.floor(clock.now() / ENDED_SPAN_MS);
    return [
      layout.calls(group, this.#replica),
      layout.endedCalls(group, span),
      layout.endedCalls(group, span - 1),
      ...table.keys,
    ];
  }

  /** Returns a test's time in microseconds. Empty otherwise: the script uses the clock of Redis. */
  #now(): number | '' {
    const { clock } = this.#options;
    return clock === undefined ? '' : clock.now() * 1_000;
  }
}

const tenantOfReservation = ({ request }: PendingReservation): string => request.tenant;
const tenantOfSettlement = ({ tenant }: PendingSettlement): string => tenant;

function heldField(held: HeldSlot | HeldBudget): string {
  return held.kind === 'budget' ? budgetField(held.meter, held.period) : slotsField(held.meter);
}

/** @throws RangeError for an amount that cannot be counted */
function assertCharge(charge: Charge): void {
  if (charge.kind === 'window') assertAmounts([charge.limit, charge.amount]);
  else if (charge.kind === 'budget') assertAmounts([charge.limit, charge.amount, charge.maxAmount ?? 0]);
  else if (charge.amount !== undefined) assertAmounts([charge.amount]);
}

/** @throws RangeError for an amount that cannot be counted */
function assertSettled({ charge, actual, amount }: SettledCharge): void {
  if (charge.kind !== 'concurrency') assertAmounts([amount ?? charge.amount, actual]);
  else if (amount !== undefined) assertAmounts([amount]);
}

/** Sums what replicas hold of a budget although their lease has ended: a script removes it only when it needs the room. */
function endedParts(parts: Readonly<Record<string, string>>, field: string, nowMs: number): { reserved: number; leased: number } {
  const ended = { reserved: 0, leased: 0 };
  for (const [name, value] of Object.entries(parts)) {
    if (!name.startsWith(`${field}@`)) continue;
    const [amount = 0, , leaseEndMs = 0] = value.split(',').map(Number);
    if (leaseEndMs > nowMs) continue;
    if (name.startsWith(`${field}@lease/`)) ended.leased += amount;
    else ended.reserved += amount;
  }
  return ended;
}
