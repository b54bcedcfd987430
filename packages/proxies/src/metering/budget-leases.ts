import type { Clock, ConcernHealth, Money } from '@sluice/core';
import type { BudgetHold, Meters } from '@sluice/store/ports';

/** A budget by its place. */
interface Budget {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
}

interface Lease extends Budget {
  limit: Money;
  endsAtMs: number | undefined;
  /** What may be spent from it: never more than the store has reserved. */
  granted: Money;
  /** On the monotonic clock: a little before the store frees it. */
  validUntilMs: number;
  /** What calls of it may come to, and what those came to of which the store does not know yet. */
  used: Money;
  /** What was spent of the budget by this replica in this minute and in the one before. */
  spentNow: Money;
  spentBefore: Money;
  /** The most that a call of them was taken to come to: so much has to fit, though it comes to less. */
  largestNow: Money;
  largestBefore: Money;
  minute: number;
  renewing: boolean;
}

/** How long a lease lasts: so long a hard budget goes on without the store. */
const LEASE_MS = 60_000;
/** How often it is renewed, so that little of it is over when the store goes away. */
const RENEW_MS = 5_000;
/** The store's clock begins after ours: by then it has not freed what this replica may still spend. */
const MARGIN_MS = 1_000;
/** So many calls at one time are to fit, each at the most that it may come to. */
const AT_ONCE = 4;
/** The most budgets of which this replica keeps leases. */
const MAX_LEASES = 10_000;

export interface BudgetLeasesOptions {
  readonly meters: Pick<Meters, 'lease'>;
  readonly clock: Clock;
  /** Which replica. */
  readonly holder: string;
  readonly health: ConcernHealth;
  readonly renewMs?: number;
}

const nameOf = ({ tenant, subject, meter, period }: Budget): string => `${tenant}\n${subject}\n${meter}\n${period}`;

/**
 * A small part of each hard budget that this replica spends from, reserved in the store beforehand, so that the budget holds while the store is away: what
 * is spent meanwhile is of the lease. It is as much as this replica has spent of the budget in the last minute, and as a few calls at one time
 * may come to, and a twentieth of what is left at the most.
 */
export class BudgetLeases {
  readonly #options: BudgetLeasesOptions;
  readonly #leases = new Map<string, Lease>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BudgetLeasesOptions) {
    this.#options = options;
  }

  /** Notes what a call of a budget came to, so that there is a lease of it as long as it is used. */
  spent(of: { readonly tenant: string; readonly subject: string }, hold: BudgetHold, amount: Money): void {
    const lease = this.#lease(of, hold) ?? this.#open(of, hold);
    if (lease === undefined) return;
    this.#turn(lease);
    lease.spentNow += amount;
    lease.largestNow = Math.max(lease.largestNow, hold.amount);
    lease.limit = hold.limit;
    this.#timer ??= setInterval(() => void this.renewAll(), this.#options.renewMs ?? RENEW_MS).unref();
  }

  /** Takes what a call may come to from the leases of all these budgets, or of none. */
  take(of: { readonly tenant: string; readonly subject: string }, holds: readonly BudgetHold[]): boolean {
    const nowMs = this.#options.clock.monotonic();
    const leases = holds.map((hold) => this.#lease(of, hold));
    const enough = leases.every(
      (lease, n) =>
        lease !== undefined && lease.validUntilMs > nowMs && lease.used + (holds[n] as BudgetHold).amount <= lease.granted,
    );
    if (!enough) return false;
    leases.forEach((lease, n) => {
      (lease as Lease).used += (holds[n] as BudgetHold).amount;
    });
    return true;
  }

  /** What a call that took from them came to. Returns what is to be told when the store knows of it. */
  settled(of: { readonly tenant: string; readonly subject: string }, holds: readonly BudgetHold[], actual: Money): () => void {
    const leases = holds.map((hold) => this.#lease(of, hold));
    leases.forEach((lease, n) => {
      if (lease !== undefined) lease.used += actual - (holds[n] as BudgetHold).amount;
    });
    return () => {
      for (const lease of leases) if (lease !== undefined) lease.used -= actual;
    };
  }

  /** The store has refused a call of a budget: what this replica has of it, and has not promised, is worth more to the next call. */
  giveBack(of: { readonly tenant: string; readonly subject: string }, hold: BudgetHold): void {
    const lease = this.#lease(of, hold);
    if (lease === undefined || lease.granted === lease.used) return;
    lease.spentNow = 0;
    lease.spentBefore = 0;
    void this.#renew(lease);
  }

  /** Gives back all that is not promised. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const lease of this.#leases.values()) {
      lease.spentNow = 0;
      lease.spentBefore = 0;
    }
    await this.renewAll();
  }

  /** Renews all leases, and ends those of budgets that this replica spends from no longer. */
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
    // what may be spent shrinks before the store hears of it, and grows after
    if (lease.validUntilMs <= nowMs) lease.granted = lease.used;
    lease.granted = Math.max(lease.used, Math.min(lease.granted, wanted));
    try {
      const { tenant, subject, meter, period, endsAtMs, limit, granted } = lease;
      const of = { tenant, subject, meter, period, endsAtMs, limit, holder };
      const answer = await meters.lease({ ...of, wanted, promised: granted, leaseMs: LEASE_MS });
      lease.granted = Math.max(lease.used, Math.min(answer.granted, Math.max(answer.target, lease.used)));
      lease.validUntilMs = nowMs + LEASE_MS - MARGIN_MS;
      if (wanted === 0 && lease.used === 0) this.#leases.delete(nameOf(lease));
      health.works();
    } catch (error) {
      health.failed(error);
    } finally {
      lease.renewing = false;
    }
  }

  #lease(of: { readonly tenant: string; readonly subject: string }, hold: BudgetHold): Lease | undefined {
    return this.#leases.get(nameOf(budgetOf(of, hold)));
  }

  #open(of: { readonly tenant: string; readonly subject: string }, hold: BudgetHold): Lease | undefined {
    if (this.#leases.size >= MAX_LEASES) return undefined;
    const budget = budgetOf(of, hold);
    const { limit, endsAtMs } = hold;
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

  /** Forgets what was spent more than a minute ago. */
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

const budgetOf = (of: { readonly tenant: string; readonly subject: string }, hold: BudgetHold): Budget => ({
  tenant: of.tenant,
  subject: hold.subject ?? of.subject,
  meter: hold.meter,
  period: hold.period,
});
