import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import { type BudgetCharge, type BudgetName, type MeteredCall, type ReservationRequest, saturated } from '../ports/index.ts';
import { readLedger } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const SEED = new Script('seed-budgets');

/** Instructs the script to skip a budget without a sum in Redis. */
const ONLY_KNOWN = -1;
/** The maximum number of budgets that this replica remembers. */
const MAX_REMEMBERED = 10_000;

export interface SpentBudgetsOptions {
  readonly state: RedisClient;
  readonly background: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Replaces the clock of Redis in tests. */
  readonly clock?: Clock | undefined;
}

interface SeededBudget extends BudgetName {
  /** The end of the period, in ms since the epoch; 0 for a budget without an end; `ONLY_KNOWN` to raise a known budget. */
  readonly endsAtMs: number;
}

/**
 * Restores the spend of budgets after Redis lost data.
 *
 * The spend of a budget never decreases within its period. So a replica remembers the highest value that it has seen. If Redis
 * has less, the replica raises it to that value or to the ledger, whichever is more.
 */
export class SpentBudgets {
  readonly #options: SpentBudgetsOptions;
  /** In nano-dollars, by the budget's key. */
  readonly #highest = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(options: SpentBudgetsOptions) {
    this.#options = options;
  }

  /** Seeds the budgets of a reservation without a sum in Redis: they are new, or their sums were lost. */
  async seed(request: ReservationRequest): Promise<void> {
    const { state, wait } = this.#options;
    const budgets = request.charges
      .filter((charge) => charge.kind === 'budget')
      .map((charge) => ({ ...budgetName(request, charge), endsAtMs: charge.endsAtMs ?? 0 }));
    const ledger = await wait('seed', () => this.#readLedger(state, budgets));
    await wait('seed', () => this.#run(state, budgets, ledger));
  }

  /** Compares the spend in Redis with the highest value that this replica has seen, and raises it if Redis has less. */
  compare(of: MeteredCall, charge: BudgetCharge, spent: number): void {
    const { subject = of.subject, meter, period } = charge;
    const name = this.#options.layout.budget(of.tenant, subject, meter, period);
    const highest = this.#highest.get(name);
    if (highest === undefined || spent > highest) this.#highest.set(name, spent);
    // if this fails, the response to the next call is compared again
    else if (spent < highest) this.raise([budgetName(of, charge)]).catch(() => {});
  }

  /** Raises budgets with a sum in Redis. A budget without one is seeded by its next call. */
  async raise(budgets: readonly BudgetName[]): Promise<void> {
    const { background } = this.#options;
    const runs = [...Map.groupBy(budgets, ({ tenant }) => tenant).values()].map(async (some) => {
      const ledger = await this.#readLedger(background, some);
      const known = some.map((budget) => ({ ...budget, endsAtMs: ONLY_KNOWN }));
      await this.#run(background, known, ledger);
    });
    await Promise.all(runs);
  }

  /** Reads the spend of budgets by the ledger, by the budget's key. */
  async #readLedger(client: RedisClient, budgets: readonly BudgetName[]): Promise<Map<string, number | undefined>> {
    const { layout } = this.#options;
    const entries = budgets.map(async (budget) => [this.#keyOf(budget), await readLedger(client, layout, budget)] as const);
    return new Map(await Promise.all(entries));
  }

  async #run(
    client: RedisClient,
    budgets: readonly SeededBudget[],
    ledger: ReadonlyMap<string, number | undefined>,
  ): Promise<void> {
    const { layout, clock } = this.#options;
    const now = clock === undefined ? '' : clock.now() * 1_000;
    const keys = budgets.flatMap((budget) => {
      const { tenant, subject, meter, period } = budget;
      return [this.#keyOf(budget), layout.budgetLeases(tenant, subject, meter, period)];
    });
    const args = budgets.flatMap((budget) => [this.#minimumSpend(this.#keyOf(budget), ledger), budget.endsAtMs]);
    await SEED.run(client, keys, [now, ...args]);
  }

  #keyOf({ tenant, subject, meter, period }: BudgetName): string {
    return this.#options.layout.budget(tenant, subject, meter, period);
  }

  #minimumSpend(key: string, ledger: ReadonlyMap<string, number | undefined>): number {
    const spent = ledger.get(key) ?? 0;
    return Math.max(Number.isFinite(spent) ? saturated(spent) : 0, this.#highest.get(key) ?? 0);
  }
}

const budgetName = (of: MeteredCall, { subject = of.subject, meter, period }: BudgetCharge): BudgetName => ({
  tenant: of.tenant,
  subject,
  meter,
  period,
});
