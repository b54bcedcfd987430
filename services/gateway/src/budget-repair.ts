import type { BudgetName, Meters } from '@sluice/store/ports';

/** When the budgets are raised again, in ms after the first time: by then what calls in flight came to is settled and in the ledger. */
const AGAIN_MS = [3_000, 10_000];

export interface BudgetRepairOptions {
  readonly meters: Pick<Meters, 'raiseToLedger'>;
  /** The budgets that this replica has charged lately. */
  readonly budgets: () => readonly BudgetName[];
  readonly onFault: (error: unknown) => void;
}

/** Raises what is spent of budgets to the ledger after the store lost data and the ledger was written again. */
export class BudgetRepair {
  readonly #options: BudgetRepairOptions;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: BudgetRepairOptions) {
    this.#options = options;
  }

  /** Raises them now, and twice more later. */
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
