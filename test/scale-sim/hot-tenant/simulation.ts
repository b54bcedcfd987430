import { type CallSignal, noopHealth, type Random } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { FallbackLimiter } from '@sluice/proxies';
import type { Meters } from '@sluice/store/ports';
import { BudgetQueue } from '../../../packages/proxies/src/metering/budget-queue.ts';
import type { Admission } from '../../../packages/proxies/src/metering/limiter.ts';
import type { CallPlan, PlannedCharge } from '../../../packages/proxies/src/metering/plan.ts';
import { QuotaLeases } from '../../../packages/proxies/src/metering/quota-leases/quota-leases.ts';
import { SharedLimiter } from '../../../packages/proxies/src/metering/shared-limiter.ts';
import { InFlight } from './in-flight.ts';

/** Tokens and cost of a call: reserved, and the largest actual amount. In nano-dollars. */
const RESERVED_TOKENS = 5_000;
const RESERVED_COST = 5_000_000;
const SHORTEST_MS = 100;
const LONGEST_MS = 1_500;
/** Interval of `QuotaLeases.turn`, in simulated ms. */
const TURN_MS = 50;
const NO_TIMER_MS = 1_000_000_000;

export interface HotTenantPlan {
  readonly replicas: number;
  readonly callsPerS: number;
  readonly seconds: number;
  /** Length of the windows of requests and tokens. */
  readonly windowMs: number;
  /** Limit of requests in a window. */
  readonly requests: number;
  /** Calls per second and replica from which a caller gets leases. Undefined for no leases. */
  readonly leaseAbove: number | undefined;
  readonly random: Random;
  /** Opens the store as one of the replicas, on the clock of the simulation. */
  readonly open: (clock: ManualClock, replica: number) => Meters;
}

/** What the simulation has seen. */
export interface HotTenantResult {
  readonly calls: number;
  /** The number of admitted calls by ms of the simulation. */
  readonly admittedAt: readonly number[];
  /** The number of all calls by ms. */
  readonly calledAt: readonly number[];
  /** Reservations that the store decided: of leases and of calls. */
  readonly reservations: number;
  readonly cost: number;
}

interface Replica {
  readonly limiter: SharedLimiter;
  readonly leases: QuotaLeases;
}

interface EndingCall {
  readonly plan: CallPlan;
  readonly admission: Admission;
  readonly replica: Replica;
}

/** One key of a tenant that calls all replicas at a high rate, on a simulated clock. */
export class HotTenant {
  readonly #plan: HotTenantPlan;
  readonly #clock = new ManualClock();
  readonly #pending = new InFlight();
  readonly #replicas: readonly Replica[];
  readonly #signal: CallSignal = new AbortController().signal;
  readonly #ending = new Map<number, EndingCall[]>();
  readonly #admittedAt: number[] = [];
  readonly #calledAt: number[] = [];
  #calls = 0;
  #cost = 0;

  constructor(plan: HotTenantPlan) {
    this.#plan = plan;
    this.#replicas = Array.from({ length: plan.replicas }, (_, n) => this.#openReplica(n));
  }

  /** Runs the simulation, and ends all calls. */
  async run(): Promise<HotTenantResult> {
    const { seconds, callsPerS, replicas, random } = this.#plan;
    const perMs = callsPerS / 1_000;
    for (let ms = 0; ms < seconds * 1_000 + LONGEST_MS; ms++) {
      this.#end(ms);
      // between nothing and twice the mean
      const calls = ms < seconds * 1_000 ? Math.round(random.next() * 2 * perMs) : 0;
      this.#calledAt.push(calls);
      this.#admittedAt.push(0);
      for (let n = 0; n < calls; n++) void this.#call(ms, this.#replicas[Math.floor(random.next() * replicas)] as Replica);
      await this.#pending.settled();
      this.#clock.advance(1);
      if (ms % TURN_MS === 0) for (const { leases } of this.#replicas) leases.turn();
    }
    for (const { leases } of this.#replicas) await leases.giveBack();
    await this.#pending.settled();
    const { reservations } = this.#pending;
    return { calls: this.#calls, admittedAt: this.#admittedAt, calledAt: this.#calledAt, reservations, cost: this.#cost };
  }

  async #call(ms: number, replica: Replica): Promise<void> {
    const plan = this.#planOf(`aaaaaaaa-bbbb-4ccc-8ddd-${String(++this.#calls).padStart(12, '0')}`);
    if (replica.limiter.cachedRefusal(plan) !== undefined) return;
    const admission = await replica.limiter.admit(plan, this.#signal);
    if (!admission.admitted) {
      if (admission.reason !== 'exhausted') throw new Error(`${plan.callId} was not decided: ${admission.reason}`);
      return;
    }
    this.#admittedAt[ms] = (this.#admittedAt[ms] as number) + 1;
    const endMs = ms + SHORTEST_MS + Math.floor(this.#plan.random.next() * (LONGEST_MS - SHORTEST_MS));
    const ending = this.#ending.get(endMs);
    if (ending === undefined) this.#ending.set(endMs, [{ plan, admission, replica }]);
    else ending.push({ plan, admission, replica });
  }

  #end(ms: number): void {
    for (const { plan, admission, replica } of this.#ending.get(ms) ?? []) {
      const part = this.#plan.random.next();
      const cost = Math.floor(RESERVED_COST * part);
      this.#cost += cost;
      const actualOf = (charge: PlannedCharge): number => {
        if (charge.kind === 'budget') return cost;
        return charge.meter === 'requests' ? 1 : Math.floor(RESERVED_TOKENS * part);
      };
      const charges = admission.reserved.map(({ charge, amount, receipt }) => ({
        charge,
        amount,
        receipt,
        actual: actualOf(charge),
      }));
      const { tenant, subject, callId } = plan;
      void replica.leases.settle({ tenant, subject, callId, charges });
    }
    this.#ending.delete(ms);
  }

  #planOf(callId: string): CallPlan {
    const { requests, windowMs } = this.#plan;
    const charges: PlannedCharge[] = [
      { kind: 'window', meter: 'requests', limit: requests, windowMs, amount: 1, owner: undefined },
      { kind: 'window', meter: 'tokens', limit: 1e12, windowMs, amount: RESERVED_TOKENS, owner: undefined },
      { kind: 'concurrency', meter: 'concurrent', limit: 1_000_000, leaseMs: 30_000, owner: undefined },
      {
        ...({ kind: 'budget', meter: 'budget', limit: 1e15, amount: RESERVED_COST, maxAmount: RESERVED_COST } as const),
        ...{ period: 'total', endsAtMs: undefined, leaseMs: 30_000, owner: undefined, softLimit: undefined },
      },
    ];
    return { tenant: 'hot', subject: 'key', callId, charges, amounts: undefined };
  }

  #openReplica(n: number): Replica {
    const { replicas, leaseAbove, open } = this.#plan;
    const clock = this.#clock;
    const meters = this.#pending.watch(open(clock, n));
    const leases = new QuotaLeases({ meters, clock, above: () => leaseAbove, replicas: () => replicas, turnMs: NO_TIMER_MS });
    const queue = new BudgetQueue<PlannedCharge>(clock, () => 0);
    const fallback = new FallbackLimiter();
    return { leases, limiter: new SharedLimiter({ meters: leases, clock, health: noopHealth, queue, fallback }) };
  }
}
