import type { Clock, MeterState } from '@sluice/core';
import {
  assertAmounts,
  type BudgetName,
  type BudgetState,
  type Charge,
  type HeldSlot,
  LEASE_SHARE,
  type LeaseGrant,
  type LeaseRequest,
  type Meters,
  type ReservationRequest,
  type ReservationResult,
  type Settlement,
} from '../ports/index.ts';
import { batchWrites } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';
import { SpentBudgets } from './spent-budgets.ts';

/** How long the mark of a call that was given up is remembered, in ms: far longer than a command may wait for its answer. */
const CALL_ID_TTL_MS = 10_000;
/**
 * Retention of the response to a reservation, in ms: the settlement of a call with a lost response arrives after the reconnect.
 */
const ANSWER_TTL_MS = 60_000;
/** Retention of the mark that a call was settled: a settlement with a lost response is sent again after the reconnect. */
const SETTLED_TTL_MS = 300_000;

const RESERVE = new Script('reserve');
const RELEASE = new Script('release');
const RENEW = new Script('renew');
const SETTLE = new Script('settle');
const LEASE = new Script('lease-budget');

/** The script's verdicts beside 0 for a refusal. */
const ADMITTED = 1;
const IN_FLIGHT = 2;
const UNSEEDED = -1;

export interface RedisMetersOptions {
  readonly state: RedisClient;
  readonly background: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/** Meters shared by all replicas: one script, one round trip. */
export class RedisMeters implements Meters {
  readonly #options: RedisMetersOptions;
  readonly #spent: SpentBudgets;

  constructor(options: RedisMetersOptions) {
    this.#options = options;
    this.#spent = new SpentBudgets(options);
  }

  async reserve(request: ReservationRequest): Promise<ReservationResult> {
    const { state, layout, wait } = this.#options;
    const keys = [layout.call(request.tenant, request.callId)];
    let args = `[${this.#now() || false},${ANSWER_TTL_MS}`;
    for (const hold of request.holds) {
      this.#addKeys(keys, request.tenant, request.subject, hold);
      args += argumentsOf(hold);
    }
    args += ']';
    batchWrites(state);
    const reserve = async () => (await wait('reserve', () => RESERVE.run(state, keys, [request.callId, args]))) as number[];
    let answer = await reserve();
    if (answer[0] === UNSEEDED) {
      await this.#spent.seed(request);
      answer = await reserve();
    }
    const result = read(answer, request.holds);
    this.#compareSpent(request, answer);
    return result;
  }

  /** Detects budgets with less spend than before. */
  #compareSpent({ tenant, subject: caller, holds }: ReservationRequest, answer: readonly number[]): void {
    let at = FIRST_METER;
    for (const hold of holds) {
      if (hold.kind === 'budget') this.#spent.compare({ ...hold, tenant, subject: hold.subject ?? caller }, answer[at + 3] ?? 0);
      at += hold.kind === 'budget' ? BUDGET_PARTS : METER_PARTS;
    }
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

  async settle({ tenant, subject, callId, holds, unreserved = false }: Settlement): Promise<void> {
    const { background, layout } = this.#options;
    const keys = [layout.call(tenant, callId)];
    let args = `[${this.#now() || false},${SETTLED_TTL_MS},${unreserved}`;
    for (const { hold, receipt, actual } of holds) {
      if (hold.kind !== 'concurrency') assertAmounts([hold.amount, actual]);
      this.#addKeys(keys, tenant, subject, hold);
      switch (hold.kind) {
        case 'window':
          args += `,"w",${hold.windowMs},${hold.amount},${actual},${receipt}`;
          break;
        case 'concurrency':
          args += ',"c",0,1,0,0';
          break;
        case 'budget':
          args += `,"b",0,${hold.amount},${actual},${receipt}`;
      }
    }
    batchWrites(background);
    await SETTLE.run(background, keys, [callId, `${args}]`]);
  }

  async budget(of: BudgetName): Promise<BudgetState> {
    const { background, layout } = this.#options;
    const name = layout.budget(of.tenant, of.subject, of.meter, of.period);
    const [spent, reserved, leased] = await background.hmget(name, 's', 'r', 'l');
    // what the next call will begin with
    const known = spent ?? (await background.hget(layout.spent(of.period), layout.spentOf(of.tenant, of.subject)));
    return {
      spent: Number(known ?? 0),
      reserved: Number(reserved ?? 0) - Number(leased ?? 0),
      leased: Number(leased ?? 0),
    };
  }

  /** A budget has two: its sums, and its reservations. */
  #addKeys(keys: string[], tenant: string, caller: string, hold: Charge): void {
    const { layout } = this.#options;
    const subject = hold.subject ?? caller;
    switch (hold.kind) {
      case 'window':
        keys.push(layout.window(tenant, subject, hold.meter, hold.windowMs));
        return;
      case 'concurrency':
        keys.push(layout.places(tenant, subject, hold.meter));
        return;
      case 'budget':
        keys.push(
          layout.budget(tenant, subject, hold.meter, hold.period),
          layout.budgetLeases(tenant, subject, hold.meter, hold.period),
        );
    }
  }

  async release(places: readonly HeldSlot[]): Promise<void> {
    const { background, layout } = this.#options;
    const runs = [...byTenant(places)].map(([tenant, held]) => {
      const keys = held.flatMap((place) => [
        layout.places(tenant, place.subject, place.meter),
        layout.call(tenant, place.callId),
      ]);
      return RELEASE.run(background, keys, [CALL_ID_TTL_MS, ...held.map((place) => place.callId)]);
    });
    await Promise.all(runs);
  }

  async renew(places: readonly HeldSlot[]): Promise<void> {
    const { background, layout } = this.#options;
    const runs = [...byTenant(places)].map(([tenant, held]) => {
      const keys = held.map(({ subject, meter, budget }) =>
        budget === undefined ? layout.places(tenant, subject, meter) : layout.budgetLeases(tenant, subject, meter, budget.period),
      );
      const member = ({ callId, budget }: HeldSlot) => (budget === undefined ? callId : `${callId}:${budget.amount}`);
      return RENEW.run(background, keys, [this.#now(), ...held.flatMap((place) => [member(place), place.leaseMs])]);
    });
    await Promise.all(runs);
  }

  /** Empty: the script asks Redis. */
  #now(): number | '' {
    const { clock } = this.#options;
    return clock === undefined ? '' : clock.now() * 1_000;
  }
}

/** Where the meters begin in the script's answer, and how many figures it has of each. */
const FIRST_METER = 3;
const METER_PARTS = 3;
const BUDGET_PARTS = 4;

/** One meter of a reservation, as the script reads it. @throws RangeError for an amount that cannot be counted */
function argumentsOf(hold: Charge): string {
  switch (hold.kind) {
    case 'window':
      assertAmounts([hold.limit, hold.amount]);
      return `,"w",${hold.limit},${hold.windowMs},${hold.amount},0,0`;
    case 'concurrency':
      return `,"c",${hold.limit},${hold.leaseMs},1,0,0`;
    case 'budget': {
      const { limit, leaseMs, amount, most = amount, endsAtMs = 0 } = hold;
      assertAmounts([limit, amount, most]);
      return `,"b",${limit},${leaseMs},${amount},${most},${endsAtMs}`;
    }
  }
}

function read(answer: readonly number[], holds: readonly Charge[]): ReservationResult {
  const [verdict, full = 0, retryAfterMs = 0] = answer;
  const meters: MeterState[] = [];
  const receipts: number[] = [];
  let at = FIRST_METER;
  for (const { kind, meter, limit } of holds) {
    meters.push({ meter, limit, remaining: answer[at] ?? 0, resetMs: answer[at + 1] ?? 0 });
    receipts.push(answer[at + 2] ?? 0);
    at += kind === 'budget' ? BUDGET_PARTS : METER_PARTS;
  }
  if (verdict === ADMITTED) return { admitted: true, meters, receipts };
  const refusal = { admitted: false, meter: holds[full - 1]?.meter ?? 'released', full: full - 1, retryAfterMs, meters } as const;
  return verdict === IN_FLIGHT ? { ...refusal, inFlight: true } : refusal;
}

function byTenant(places: readonly HeldSlot[]): Map<string, HeldSlot[]> {
  const groups = new Map<string, HeldSlot[]>();
  for (const place of places) {
    const group = groups.get(place.tenant);
    if (group === undefined) groups.set(place.tenant, [place]);
    else group.push(place);
  }
  return groups;
}
