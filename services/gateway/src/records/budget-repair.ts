import type { BudgetName, Meters } from '@sluice/store/ports';

/** Delays of the further repairs, in ms after the first. By then the costs of calls in flight are settled and in the ledger. */
const AGAIN_MS = [3_000, 10_000];

export interface BudgetRepairOptions {
  readonly meters: Pick<Meters, 'raiseToLedger'>;
  /** The budgets that this replica has charged recently. */
  readonly budgets: () => readonly BudgetName[];
  readonly onFault: (error: unknown) => void;
}

/** Raises spent budgets to the ledger's amounts after the store lost data and the ledger was rewritten. */
export class BudgetRepair {
  readonly #options: BudgetRepairOptions;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: BudgetRepairOptions) {
    this.#options = options;
  }

  /** Raises the budgets now, and twice more later. */
  async start(): Promise<void> {
    this.close();
    this.#timers = AGAIN_MS.map((ms) => setTimeout(() => void this.#raise(), ms).unref());
    await this.#raise();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  async #raise(): Promise<void> {
    const { meters, budgets, onFault } = this.#options;
    await meters.raiseToLedger(budgets()).catch(onFault);
  }
}
