import type { Clock, DependencyHealth, Money } from '@sluice/core';
import type { BudgetCharge, BudgetName, Meters } from '@sluice/store/ports';

/** The caller of a call. */
interface Owner {
  readonly tenant: string;
  readonly subject: string;
}

interface Lease extends BudgetName {
  limit: Money;
  endsAtMs: number | undefined;
  /** Amount that may be spent from the lease: never more than the store has reserved. */
  granted: Money;
  /** On the monotonic clock: slightly before the store releases the lease. */
  validUntilMs: number;
  /** Estimated maximum of calls in flight, plus the actual cost of settled calls that the store has not recorded yet. */
  used: Money;
  /** Cost of this replica's calls in the current minute and in the previous one. */
  spentNow: Money;
  spentBefore: Money;
  /** Largest estimate of a call in those minutes: the lease has to fit it, even if the actual cost is lower. */
  largestNow: Money;
  largestBefore: Money;
  minute: number;
  renewing: boolean;
}

/** Lifetime of a lease, in ms: hard budgets work for this long without the store. */
const LEASE_MS = 60_000;
/** Interval of renewals, in ms: a short interval leaves most of the lifetime when the store becomes unavailable. */
const RENEW_MS = 5_000;
/** The lifetime in the store starts after ours. This margin makes sure that ours also ends first. */
const MARGIN_MS = 1_000;
/** Concurrent calls that a lease should fit, each at its estimated maximum. */
const AT_ONCE = 4;
/** Maximum number of budgets with a lease in this replica. */
const MAX_LEASES = 10_000;

export interface BudgetLeasesOptions {
  readonly meters: Pick<Meters, 'lease'>;
  readonly clock: Clock;
  /** Id of this replica. */
  readonly holder: string;
  readonly health: DependencyHealth;
  readonly renewMs?: number;
}

const nameOf = ({ tenant, subject, meter, period }: BudgetName): string => `${tenant}\n${subject}\n${meter}\n${period}`;

/**
 * Small leases of each hard budget, reserved in the store in advance. While the store is unavailable, this replica spends only
 * from its leases, so that the budget holds. A lease is as large as this replica's cost in the last minute plus a few
 * concurrent calls, and at most 5 % of the rest of the budget.
 */
export class BudgetLeases {
  readonly #options: BudgetLeasesOptions;
  readonly #leases = new Map<string, Lease>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BudgetLeasesOptions) {
    this.#options = options;
  }

  /**
   * Records the cost of a call of a budget, so that the budget has a lease while it is used.
   *
   * @param reserved the amount that was reserved for the call
   */
  spent(of: Owner, charge: BudgetCharge, cost: Money, reserved: Money = charge.amount): void {
    const lease = this.#lease(of, charge) ?? this.#open(of, charge);
    if (lease === undefined) return;
    this.#turn(lease);
    lease.spentNow += cost;
    lease.largestNow = Math.max(lease.largestNow, reserved);
    lease.limit = charge.limit;
    this.#timer ??= setInterval(() => void this.renewAll(), this.#options.renewMs ?? RENEW_MS).unref();
  }

  /** Takes a call's estimated maximum from the leases of all these budgets, or of none. */
  take(of: Owner, charges: readonly BudgetCharge[]): boolean {
    const nowMs = this.#options.clock.monotonic();
    const parts: { readonly lease: Lease; readonly amount: Money }[] = [];
    for (const charge of charges) {
      const { amount } = charge;
      const lease = this.#lease(of, charge);
      if (lease === undefined || lease.validUntilMs <= nowMs || lease.used + amount > lease.granted) return false;
      parts.push({ lease, amount });
    }
    for (const { lease, amount } of parts) lease.used += amount;
    return true;
  }

  /** Settles a call that took from leases. Returns a function to call when the store has recorded the cost. */
  settled(of: Owner, charges: readonly BudgetCharge[], cost: Money): () => void {
    const leases: Lease[] = [];
    for (const charge of charges) {
      const lease = this.#lease(of, charge);
      if (lease === undefined) continue;
      lease.used += cost - charge.amount;
      leases.push(lease);
    }
    return () => {
      for (const lease of leases) lease.used -= cost;
    };
  }

  /** Returns the unused part of a lease after the store has refused a call of its budget: the next call needs it more. */
  giveBack(of: Owner, charge: BudgetCharge): void {
    const lease = this.#lease(of, charge);
    if (lease === undefined || lease.granted === lease.used) return;
    lease.spentNow = 0;
    lease.spentBefore = 0;
    void this.#renew(lease);
  }

  /** Returns the unused part of all leases. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const lease of this.#leases.values()) {
      lease.spentNow = 0;
      lease.spentBefore = 0;
    }
    await this.renewAll();
  }

  /** Renews all leases and ends those of budgets that this replica no longer uses. */
  async renewAll(): Promise<void> {
    await Promise.all([...this.#leases.values()].map((lease) => this.#renew(lease)));
    if (this.#leases.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #renew(lease: Lease): Promise<void> {
    if (lease.renewing) return;
    lease.renewing = true;
    const { meters, clock, holder, health } = this.#options;
    this.#turn(lease);
    const nowMs = clock.monotonic();
    const over = lease.endsAtMs !== undefined && lease.endsAtMs <= clock.now();
    const spent = lease.spentNow + lease.spentBefore;
    const wanted = over || spent === 0 ? 0 : spent + AT_ONCE * Math.max(lease.largestNow, lease.largestBefore);
    // the local amount shrinks before the request to the store and grows after it
    if (lease.validUntilMs <= nowMs) lease.granted = lease.used;
    lease.granted = Math.max(lease.used, Math.min(lease.granted, wanted));
    try {
      const { tenant, subject, meter, period, endsAtMs, limit, granted } = lease;
      const of = { tenant, subject, meter, period, endsAtMs, limit, holder };
      const answer = await meters.lease({ ...of, wanted, promised: granted, leaseMs: LEASE_MS });
      lease.granted = Math.max(lease.used, Math.min(answer.granted, Math.max(answer.target, lease.used)));
      lease.validUntilMs = nowMs + LEASE_MS - MARGIN_MS;
      if (wanted === 0 && lease.used === 0) this.#leases.delete(nameOf(lease));
      health.success();
    } catch (error) {
      health.failure(error);
    } finally {
      lease.renewing = false;
    }
  }

  #lease(of: Owner, charge: BudgetCharge): Lease | undefined {
    return this.#leases.get(nameOf(budgetOf(of, charge)));
  }

  #open(of: Owner, charge: BudgetCharge): Lease | undefined {
    if (this.#leases.size >= MAX_LEASES) return undefined;
    const budget = budgetOf(of, charge);
    const { limit, endsAtMs } = charge;
    const nothing = {
      granted: 0,
      validUntilMs: 0,
      used: 0,
      spentNow: 0,
      spentBefore: 0,
      largestNow: 0,
      largestBefore: 0,
      renewing: false,
    };
    const lease: Lease = { ...budget, limit, endsAtMs, ...nothing, minute: this.#minute() };
    this.#leases.set(nameOf(budget), lease);
    return lease;
  }

  /** Drops costs of more than a minute ago. */
  #turn(lease: Lease): void {
    const minute = this.#minute();
    if (minute === lease.minute) return;
    lease.spentBefore = minute === lease.minute + 1 ? lease.spentNow : 0;
    lease.spentNow = 0;
    lease.largestBefore = minute === lease.minute + 1 ? lease.largestNow : 0;
    lease.largestNow = 0;
    lease.minute = minute;
  }

  #minute(): number {
    return Math.floor(this.#options.clock.monotonic() / 60_000);
  }
}

const budgetOf = (of: Owner, { subject = of.subject, meter, period }: BudgetCharge): BudgetName => ({
  tenant: of.tenant,
  subject,
  meter,
  period,
});
