import type { Clock } from '@sluice/core';
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
  type MeteredCall,
  type Meters,
  type ReservationRequest,
  type ReservationResult,
  type Settlement,
} from '../ports/index.ts';
import { readLedger } from './audit-shards.ts';
import { batchWrites } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { isUnseeded, readReservation, readSpends, reserveArguments, settleArguments } from './reservation-scripts.ts';
import { Script } from './script.ts';
import { SpentBudgets } from './spent-budgets.ts';

/** Retention of the mark that a call was released, in ms: far longer than a command waits for its response. */
const RELEASED_TTL_MS = 10_000;
/**
 * Retention of the response to a reservation, in ms: the settlement of a call with a lost response arrives after the reconnect.
 */
const ANSWER_TTL_MS = 60_000;
/** Retention of the mark that a call was settled, in ms: a settlement with a lost response is sent again after the reconnect. */
const SETTLED_TTL_MS = 300_000;

const RESERVE = new Script('reserve');
const RELEASE = new Script('release');
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

/** Meters shared by all replicas: one script and one round trip per operation. */
export class RedisMeters implements Meters {
  readonly #options: RedisMetersOptions;
  readonly #spent: SpentBudgets;

  constructor(options: RedisMetersOptions) {
    this.#options = options;
    this.#spent = new SpentBudgets(options);
  }

  async reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>> {
    const { state, layout, wait } = this.#options;
    const { callId, charges } = request;
    const keys = [layout.call(request.tenant, callId)];
    let args = `[${this.#now() || false},${ANSWER_TTL_MS}`;
    for (const charge of charges) {
      this.#addKeys(keys, request, charge);
      args += reserveArguments(charge);
    }
    args += ']';
    batchWrites(state);
    const reserve = async () => (await wait('reserve', () => RESERVE.run(state, keys, [callId, args]))) as number[];
    let answer = await reserve();
    if (isUnseeded(answer)) {
      await this.#spent.seed(request);
      answer = await reserve();
    }
    readSpends(charges, answer, (charge, spent) => this.#spent.compare(request, charge, spent));
    return readReservation(charges, answer);
  }

  async release(slots: readonly HeldSlot[]): Promise<void> {
    const { background, layout } = this.#options;
    const runs = [...Map.groupBy(slots, ({ tenant }) => tenant)].map(([tenant, held]) => {
      const keys = held.flatMap(({ subject, meter, callId }) => [
        layout.slots(tenant, subject, meter),
        layout.call(tenant, callId),
      ]);
      return RELEASE.run(background, keys, [RELEASED_TTL_MS, ...held.map(({ callId }) => callId)]);
    });
    await Promise.all(runs);
  }

  async settle(settlement: Settlement): Promise<void> {
    const { background, layout } = this.#options;
    const { tenant, callId, charges, unconfirmed = false } = settlement;
    const keys = [layout.call(tenant, callId)];
    let args = `[${this.#now() || false},${SETTLED_TTL_MS},${unconfirmed}`;
    for (const settled of charges) {
      this.#addKeys(keys, settlement, settled.charge);
      args += settleArguments(settled);
    }
    batchWrites(background);
    await SETTLE.run(background, keys, [callId, `${args}]`]);
  }

  async budget(of: BudgetName): Promise<BudgetState> {
    const { background, layout } = this.#options;
    const name = layout.budget(of.tenant, of.subject, of.meter, of.period);
    const [known, reserved, leased] = await background.hmget(name, 's', 'r', 'l');
    // the next call seeds an unknown budget with the spend of the ledger
    const spent = known ?? (await readLedger(background, layout, of));
    return {
      spent: Number(spent ?? 0),
      reserved: Number(reserved ?? 0) - Number(leased ?? 0),
      leased: Number(leased ?? 0),
    };
  }

  async raiseToLedger(budgets: readonly BudgetName[]): Promise<void> {
    await this.#spent.raise(budgets);
  }

  async lease(request: LeaseRequest): Promise<LeaseGrant> {
    const { tenant, subject, meter, period, endsAtMs, limit, holder, wanted, promised, leaseMs } = request;
    assertAmounts([limit, wanted, promised]);
    const { background, layout } = this.#options;
    const keys = [layout.budget(tenant, subject, meter, period), layout.budgetLeases(tenant, subject, meter, period)];
    const args = [holder, this.#now(), leaseMs, limit, wanted, promised, LEASE_SHARE, endsAtMs ?? 0];
    const [granted = 0, target = 0] = (await LEASE.run(background, keys, args)) as number[];
    return { granted, target };
  }

  async renew(held: readonly (HeldSlot | HeldBudget)[]): Promise<void> {
    const { background } = this.#options;
    const runs = [...Map.groupBy(held, ({ tenant }) => tenant).values()].map((some) => {
      const keys = some.map((one) => this.#leaseKey(one));
      const args = some.flatMap((one) => [one.kind === 'budget' ? `${one.callId}:${one.amount}` : one.callId, one.leaseMs]);
      return RENEW.run(background, keys, [this.#now(), ...args]);
    });
    await Promise.all(runs);
  }

  #leaseKey(held: HeldSlot | HeldBudget): string {
    const { layout } = this.#options;
    const { tenant, subject, meter } = held;
    return held.kind === 'budget'
      ? layout.budgetLeases(tenant, subject, meter, held.period)
      : layout.slots(tenant, subject, meter);
  }

  /** Adds the keys of a charge. A budget has two: its sums, and its reservations. */
  #addKeys(keys: string[], of: MeteredCall, charge: Charge): void {
    const { layout } = this.#options;
    const { subject = of.subject, meter } = charge;
    switch (charge.kind) {
      case 'window':
        keys.push(layout.window(of.tenant, subject, meter, charge.windowMs));
        return;
      case 'concurrency':
        keys.push(layout.slots(of.tenant, subject, meter));
        return;
      case 'budget':
        keys.push(
          layout.budget(of.tenant, subject, meter, charge.period),
          layout.budgetLeases(of.tenant, subject, meter, charge.period),
        );
    }
  }

  /** Returns a test's time in microseconds. Empty otherwise: the script uses the clock of Redis. */
  #now(): number | '' {
    const { clock } = this.#options;
    return clock === undefined ? '' : clock.now() * 1_000;
  }
}
