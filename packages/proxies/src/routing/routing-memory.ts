import type { Clock } from '@sluice/core';
import { LatencySamples } from './latency-samples.ts';
import type { Target } from './model.ts';
import { RetryBudget } from './retry-budget.ts';

/** What the router knows of earlier calls. It lasts when the configuration changes: a change must not reset retry budgets. */
export class RoutingMemory {
  readonly #clock: Clock;
  readonly #latencies = new Map<string, LatencySamples>();
  readonly #retryBudgets = new Map<string, RetryBudget>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the latest latencies of a target. */
  latencies({ name }: Target): LatencySamples {
    let samples = this.#latencies.get(name);
    if (samples === undefined) {
      samples = new LatencySamples();
      this.#latencies.set(name, samples);
    }
    return samples;
  }

  /** Returns the retry budget of a provider. */
  retryBudget(provider: string): RetryBudget {
    let budget = this.#retryBudgets.get(provider);
    if (budget === undefined) {
      budget = new RetryBudget(this.#clock);
      this.#retryBudgets.set(provider, budget);
    }
    return budget;
  }
}
