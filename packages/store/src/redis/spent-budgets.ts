import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import { type BudgetCharge, type BudgetName, type MeteredCall, type ReservationRequest, saturated } from '../ports/index.ts';
import { readLedger } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { budgetField } from './meter-fields.ts';
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

type Owner = Pick<MeteredCall, 'tenant' | 'subject'>;

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
  /** In nano-dollars, by name. */
  readonly #highest = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(options: SpentBudgetsOptions) {
    this.#options = options;
  }

  /** Seeds the budgets of one tenant's reservations without a sum in Redis: they are new, or their sums were lost. */
  async seed(requests: readonly ReservationRequest[]): Promise<void> {
    const { state, wait } = this.#options;
    const byName = new Map<string, SeededBudget>();
    for (const request of requests) {
      for (const charge of request.charges) {
        if (charge.kind !== 'budget') continue;
        const budget = { ...budgetName(request, charge), endsAtMs: charge.endsAtMs ?? 0 };
        byName.set(this.#nameOf(budget), budget);
      }
    }
    const budgets = [...byName.values()];
    const ledger = await wait('seed', () => this.#readLedger(state, budgets));
    await wait('seed', () => this.#run(state, budgets, ledger));
  }

  /** Compares the spend in Redis with the highest value that this replica has seen, and raises it if Redis has less. */
  compare(of: Owner, charge: BudgetCharge, spent: number): void {
    const { meter, period } = charge;
    // the subject is that of the charge already
    const name = this.#nameOf({ ...of, meter, period });
    const highest = this.#highest.get(name);
    if (highest === undefined || spent > highest) this.#highest.set(name, spent);
    // if this fails, the response to the next call is compared again
    else if (spent < highest) this.raise([{ ...of, meter, period }]).catch(() => {});
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

  /** Returns the spend of a budget by the ledger, or by a version before 0.3, whichever is more. */
  async inLedger({ tenant, subject, meter, period }: BudgetName, client = this.#options.background): Promise<number> {
    const { layout } = this.#options;
    const [ledger = 0, former] = await Promise.all([
      readLedger(client, layout, { tenant, subject, period }),
      client.hget(layout.formerBudget(tenant, subject, meter, period), 's'),
    ]);
    return Math.max(...[ledger, Number(former)].map((spent) => (Number.isFinite(spent) ? saturated(spent) : 0)));
  }

  /** Reads the spend of budgets by the ledger, by name. */
  async #readLedger(client: RedisClient, budgets: readonly BudgetName[]): Promise<Map<string, number>> {
    const entries = budgets.map(async (budget) => [this.#nameOf(budget), await this.inLedger(budget, client)] as const);
    return new Map(await Promise.all(entries));
  }

  async #run(client: RedisClient, budgets: readonly SeededBudget[], ledger: ReadonlyMap<string, number>): Promise<void> {
    const { layout, clock } = this.#options;
    const now = clock === undefined ? '' : clock.now() * 1_000;
    const keys = budgets.map(({ tenant, subject }) => layout.subject(tenant, subject));
    const args = budgets.flatMap((budget) => {
      const name = this.#nameOf(budget);
      const spent = Math.max(ledger.get(name) ?? 0, this.#highest.get(name) ?? 0);
      return [budgetField(budget.meter, budget.period), spent, budget.endsAtMs];
    });
    await SEED.run(client, keys, [now, ...args]);
  }

  #nameOf({ tenant, subject, meter, period }: BudgetName): string {
    return `${this.#options.layout.subject(tenant, subject)} ${budgetField(meter, period)}`;
  }
}

const budgetName = (of: Owner, { subject = of.subject, meter, period }: BudgetCharge): BudgetName => ({
  tenant: of.tenant,
  subject,
  meter,
  period,
});
