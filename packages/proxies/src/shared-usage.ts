import { randomUUID } from 'node:crypto';
import { type DependencyHealth, type Money, noopHealth, type Usage } from '@sluice/core';
import type { Counters, ProviderStats } from '@sluice/store/ports';
import type { TargetUsage } from './routing/attempt-observers.ts';
import type { Target } from './routing/model.ts';

/** Interval of exchanges with the other replicas, in ms. */
const EXCHANGE_MS = 200;
/** An idle replica exchanges only at every fifth interval, so that fifty idle replicas cause no load. */
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

/**
 * Returns the counter names of a provider. They are created once: a new string for each call would have to be hashed for each
 * lookup.
 */
const namesOfProvider = (provider: string) => ({
  calls: `provider:${provider}:calls`,
  errors: `provider:${provider}:errors`,
  inputTokens: `provider:${provider}:input_tokens`,
  outputTokens: `provider:${provider}:output_tokens`,
  costNanos: `provider:${provider}:cost_nanos`,
});

/** Memoizes `make`. The names come only from the configuration, so the cache is bounded. */
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
 * Usage by target and in total, over all replicas: the last sums of the store plus this replica's changes since then.
 * `balanced` reads it without waiting; it is exchanged in the background.
 */
export class SharedUsage implements TargetUsage {
  readonly #stats: ProviderStats;
  readonly #health: DependencyHealth;
  readonly #target = remembering(nameOfTarget);
  readonly #provider = remembering(namesOfProvider);
  #totalsOfAll: Counters = {};
  #recentOfAll: ReadonlyMap<string, number> = new Map();
  #totals = new Sums();
  #recent = new Sums();
  /** The batch that is being sent, or will be sent again under the same id. */
  #sending: { id: string; totals: Sums; recent: Sums } | undefined;
  #exchange: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stats: ProviderStats, health: DependencyHealth = noopHealth) {
    this.#stats = stats;
    this.#health = health;
  }

  start(): void {
    let idle = 0;
    this.#timer = setInterval(() => {
      const nothing = this.#totals.empty && this.#recent.empty && this.#sending === undefined;
      idle = nothing ? idle + 1 : 0;
      if (idle % IDLE_ONE_IN === 0) void this.#exchangeOrReport();
    }, EXCHANGE_MS);
    this.#timer.unref();
  }

  /** Sends the remaining counts. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchangeOrReport();
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

  /** Adds to one of the dashboard's sums. */
  count(name: string, amount = 1): void {
    this.#totals.add(name, amount);
  }

  /** Returns the sums of all replicas, including this replica's latest counts. */
  async current(): Promise<Counters> {
    // an exchange in flight may not contain the latest counts
    await this.#exchange?.catch(() => {});
    await this.exchange();
    return this.#totalsOfAll;
  }

  /**
   * Sends this replica's counts and adopts the sums. One exchange at a time. A batch without a response is sent again under its
   * id.
   */
  exchange(): Promise<void> {
    this.#exchange ??= this.#run().finally(() => {
      this.#exchange = undefined;
    });
    return this.#exchange;
  }

  async #exchangeOrReport(): Promise<void> {
    try {
      await this.exchange();
      this.#health.success();
    } catch (error) {
      this.#health.failure(error);
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
