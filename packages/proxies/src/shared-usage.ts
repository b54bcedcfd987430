import { randomUUID } from 'node:crypto';
import { type ConcernHealth, type Money, type Usage, unwatched } from '@sluice/core';
import type { Counters, ProviderStats } from '@sluice/store/ports';
import type { TargetUsage } from './routing/attempt-observers.ts';
import type { Target } from './routing/model.ts';

/** How often this replica tells the others what it did, and hears what they did. */
const EXCHANGE_MS = 200;
/** While it does nothing it has nothing to tell, and only every so many times it asks: fifty idle replicas are no load. */
const IDLE_ONE_IN = 5;

class Sums {
  readonly #values = new Map<string, number>();

  add(name: string, amount: number): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  get empty(): boolean {
    return this.#values.size === 0;
  }

  counters(): Counters {
    return Object.fromEntries(this.#values);
  }
}

const nameOfTarget = (target: string): string => `target:${target}:calls`;

/** The names of a provider's counters. They are made once: a name that is made anew for each call has to be looked up by its letters. */
const namesOfProvider = (provider: string) => ({
  calls: `provider:${provider}:calls`,
  errors: `provider:${provider}:errors`,
  inputTokens: `provider:${provider}:input_tokens`,
  outputTokens: `provider:${provider}:output_tokens`,
  costNanos: `provider:${provider}:cost_nanos`,
});

/** Remembers what `make` made of each name. The names come from the configuration alone, so there is a bound to it. */
function remembering<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    let one = made.get(name);
    if (one === undefined) {
      one = make(name);
      made.set(name, one);
    }
    return one;
  };
}

/**
 * What was done at each target and in all, over all replicas: the last sums that the store gave, and what this replica has done since.
 * `balanced` reads it without waiting; it is exchanged in the background.
 */
export class SharedUsage implements TargetUsage {
  readonly #stats: ProviderStats;
  readonly #health: ConcernHealth;
  readonly #target = remembering(nameOfTarget);
  readonly #provider = remembering(namesOfProvider);
  #totalsOfAll: Counters = {};
  #recentOfAll: ReadonlyMap<string, number> = new Map();
  #totals = new Sums();
  #recent = new Sums();
  /** On its way to the store, or to be sent again under the same id. */
  #sending: { id: string; totals: Sums; recent: Sums } | undefined;
  #exchange: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stats: ProviderStats, health: ConcernHealth = unwatched) {
    this.#stats = stats;
    this.#health = health;
  }

  start(): void {
    let idle = 0;
    this.#timer = setInterval(() => {
      const nothing = this.#totals.empty && this.#recent.empty && this.#sending === undefined;
      idle = nothing ? idle + 1 : 0;
      if (idle % IDLE_ONE_IN === 0) void this.#exchangeOrTell();
    }, EXCHANGE_MS);
    this.#timer.unref();
  }

  /** Sends what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchangeOrTell();
  }

  calls(target: string): number {
    return this.#recentSum(this.#target(target));
  }

  onPick(target: Target): void {
    this.#recent.add(this.#target(target.name), 1);
    this.#totals.add(this.#provider(target.provider).calls, 1);
  }

  onDone(
    target: Target,
    { usage, cost }: { readonly usage: Usage | undefined; readonly cost: Money | undefined },
    ok: boolean,
  ): void {
    const names = this.#provider(target.provider);
    if (!ok) this.#totals.add(names.errors, 1);
    if (usage !== undefined) {
      this.#totals.add(names.inputTokens, usage.inputTokens);
      this.#totals.add(names.outputTokens, usage.outputTokens);
    }
    if (cost !== undefined) this.#totals.add(names.costNanos, cost);
  }

  /** Adds to one of the sums that the dashboard shows. */
  count(name: string, amount = 1): void {
    this.#totals.add(name, amount);
  }

  /** The sums of all replicas, this one's latest included. */
  async current(): Promise<Counters> {
    // one that is under way may have left before the latest was counted
    await this.#exchange?.catch(() => {});
    await this.exchange();
    return this.#totalsOfAll;
  }

  /** Sends what was counted here and takes over the sums. One at a time; a batch whose answer was lost is sent again under its id. */
  exchange(): Promise<void> {
    this.#exchange ??= this.#run().finally(() => {
      this.#exchange = undefined;
    });
    return this.#exchange;
  }

  async #exchangeOrTell(): Promise<void> {
    try {
      await this.exchange();
      this.#health.works();
    } catch (error) {
      this.#health.failed(error);
    }
  }

  async #run(): Promise<void> {
    if (this.#sending === undefined) {
      this.#sending = { id: randomUUID(), totals: this.#totals, recent: this.#recent };
      this.#totals = new Sums();
      this.#recent = new Sums();
    }
    const { id, totals, recent } = this.#sending;
    const snapshot = await this.#stats.add(id, totals.counters(), recent.counters());
    this.#totalsOfAll = snapshot.totals;
    this.#recentOfAll = new Map(Object.entries(snapshot.recent));
    this.#sending = undefined;
  }

  #recentSum(name: string): number {
    return (this.#recentOfAll.get(name) ?? 0) + (this.#sending?.recent.get(name) ?? 0) + this.#recent.get(name);
  }
}
