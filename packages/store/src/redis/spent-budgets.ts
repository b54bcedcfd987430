import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import { type BudgetName, type ReservationRequest, saturated } from '../ports/index.ts';
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
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/**
 * Restores the spend of budgets after Redis lost data.
 *
 * The sum of a budget never decreases within its period. So a replica remembers the highest value that it has seen. If Redis
 * has less, the
 * replica raises it to that value or to the ledger, whichever is more.
 */
export class SpentBudgets {
  readonly #options: SpentBudgetsOptions;
  /** In nano-dollars, by the budget's key. */
  readonly #highest = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(options: SpentBudgetsOptions) {
    this.#options = options;
  }

  /** Seeds the budgets of a reservation without a sum in Redis: they are new, or their sums were lost. */
  async seed({ tenant, subject: caller, holds }: ReservationRequest): Promise<void> {
    const { state, wait } = this.#options;
    const budgets = holds
      .filter((hold) => hold.kind === 'budget')
      .map((hold) => ({ ...hold, tenant, subject: hold.subject ?? caller }));
    const ledger = await wait('seed', () => this.#ledger(state, budgets));
    const ends = budgets.map(({ endsAtMs }) => endsAtMs ?? 0);
    await wait('seed', () => this.#run(state, budgets, ledger, ends));
  }

  /** Compares what Redis has with what this replica has seen before, and raises it where Redis has less. */
  compare(budget: BudgetName, spent: number): void {
    const { tenant, subject, meter, period } = budget;
    const name = this.#options.layout.budget(tenant, subject, meter, period);
    const before = this.#highest.get(name);
    if (before === undefined || spent > before) this.#highest.set(name, spent);
    // where this fails, the next call's answer is compared again
    else if (spent < before) this.raise([budget]).catch(() => {});
  }

  /** Raises budgets with a sum in Redis. A budget without one is seeded by its next call. */
  async raise(budgets: readonly BudgetName[]): Promise<void> {
    const { background } = this.#options;
    const runs = [...Map.groupBy(budgets, ({ tenant }) => tenant).values()].map(async (some) => {
      const ledger = await this.#ledger(background, some);
      await this.#run(
        background,
        some,
        ledger,
        some.map(() => ONLY_KNOWN),
      );
    });
    await Promise.all(runs);
  }

  #ledger(client: RedisClient, budgets: readonly BudgetName[]): Promise<(string | null)[]> {
    const { layout } = this.#options;
    return Promise.all(
      budgets.map(({ tenant, subject, period }) => client.hget(layout.spent(period), layout.spentOf(tenant, subject))),
    );
  }

  async #run(
    client: RedisClient,
    budgets: readonly BudgetName[],
    ledger: readonly (string | null)[],
    endsAtMs: readonly number[],
  ): Promise<void> {
    const { layout, clock } = this.#options;
    const now = clock === undefined ? '' : clock.now() * 1_000;
    const names = budgets.map(({ tenant, subject, meter, period }) => layout.budget(tenant, subject, meter, period));
    const keys = budgets.flatMap(({ tenant, subject, meter, period }, n) => [
      names[n] ?? '',
      layout.budgetLeases(tenant, subject, meter, period),
    ]);
    const args = names.flatMap((name, n) => [this.#leastSpent(name, ledger[n]), endsAtMs[n] ?? 0]);
    await SEED.run(client, keys, [now, ...args]);
  }

  #leastSpent(name: string, ledger: string | null | undefined): number {
    const spent = Number(ledger ?? 0);
    return Math.max(Number.isFinite(spent) ? saturated(spent) : 0, this.#highest.get(name) ?? 0);
  }
}
