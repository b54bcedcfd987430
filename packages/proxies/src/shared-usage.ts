import { randomUUID } from 'node:crypto';
import { type ConcernHealth, type LlmCall, unwatched } from '@sluice/core';
import type { Counters, ProviderStats, StatsSnapshot } from '@sluice/store/ports';
import type { Target, TargetUsage } from './load-balancing.ts';

/** How often this replica tells the others what it did, and hears what they did. */
const EXCHANGE_MS = 200;

class Sums {
  readonly values: Record<string, number> = {};

  add(name: string, amount: number): void {
    this.values[name] = (this.values[name] ?? 0) + amount;
  }

  get(name: string): number {
    return this.values[name] ?? 0;
  }
}

/**
 * What was done at each target and in all, over all replicas: the last sums that the store gave, and what this replica has done since.
 * Strategies read it without waiting; it is exchanged in the background.
 */
export class SharedUsage implements TargetUsage {
  readonly #stats: ProviderStats;
  readonly #health: ConcernHealth;
  #snapshot: StatsSnapshot = { totals: {}, recent: {} };
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
    this.#timer = setInterval(() => {
      void this.#exchangeOrTell();
    }, EXCHANGE_MS);
    this.#timer.unref();
  }

  /** Sends what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchangeOrTell();
  }

  calls(target: string): number {
    return this.#recentSum(`target:${target}:calls`);
  }

  latencyMs(target: string): number | undefined {
    const answers = this.#recentSum(`target:${target}:answers`);
    return answers === 0 ? undefined : this.#recentSum(`target:${target}:latency_us`) / answers / 1_000;
  }

  onPick(target: Target): void {
    this.#recent.add(`target:${target.name}:calls`, 1);
    this.#totals.add(`provider:${target.provider}:calls`, 1);
  }

  onDone(target: Target, latencyMs: number, call: LlmCall, ok: boolean): void {
    const { usage, cost } = call.facts;
    const { provider } = target;
    if (ok) {
      this.#recent.add(`target:${target.name}:answers`, 1);
      this.#recent.add(`target:${target.name}:latency_us`, Math.round(latencyMs * 1_000));
    } else {
      this.#totals.add(`provider:${provider}:errors`, 1);
    }
    if (usage !== undefined) {
      this.#totals.add(`provider:${provider}:input_tokens`, usage.inputTokens);
      this.#totals.add(`provider:${provider}:output_tokens`, usage.outputTokens);
    }
    if (cost !== undefined) this.#totals.add(`provider:${provider}:cost_nanos`, cost);
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
    return this.#snapshot.totals;
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
    this.#snapshot = await this.#stats.add(id, totals.values, recent.values);
    this.#sending = undefined;
  }

  #recentSum(name: string): number {
    return (this.#snapshot.recent[name] ?? 0) + (this.#sending?.recent.get(name) ?? 0) + this.#recent.get(name);
  }
}
