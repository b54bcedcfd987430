import { asLlmError, type CallSignal, type Clock, type Failure, type LlmCall, type Random } from '@sluice/core';
import type { Availability } from './circuit-breakers.ts';
import { FAILURES } from './failure-policy.ts';
import type { Target } from './model.ts';
import type { RetryBudgetSettings } from './retry-budget.ts';
import type { RoutingMemory } from './routing-memory.ts';

export interface RetrySettings {
  /** Maximum number of retries per call at the same targets. */
  readonly max: number;
  readonly budget: RetryBudgetSettings;
  /** Upper bound of the random back-off before the first retry, in ms. It doubles with each retry. */
  readonly initialMs: number;
  /** Maximum of that upper bound, in ms. */
  readonly maxMs: number;
  /** Maximum total time that a call waits for targets in cooldown, in ms. */
  readonly maxWaitMs: number;
  /**
   * Maximum time that a call waits, once, before it falls back to another model, in ms. `maxWaitMs` if not given; 0 for no
   * wait.
   */
  readonly fallbackWaitMs?: number;
}

/** A target's state for a call after all attempts of a round have failed. */
export interface TargetState {
  readonly target: Target;
  /** The target's failure in this call. Undefined if the target was not called. */
  readonly failure: Failure | undefined;
  readonly availability: Availability;
}

/** Maximum jitter, as a share of the cooldown, so that waiting calls do not all resume at the same moment. */
const SPREAD = 0.1;

export interface RetryPolicyOptions {
  /** Has the retry budgets. */
  readonly memory: RoutingMemory;
  readonly settings: () => RetrySettings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Retries and waiting time of a call at a model so far. */
export interface RetryState {
  readonly retries: number;
  readonly waitedMs: number;
}

/** Decides whether and when a call is retried after all targets of its model have failed. */
export class RetryPolicy {
  readonly #options: RetryPolicyOptions;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
  }

  /** Deposits the call's share of a retry into the provider's budget. */
  deposit(provider: string): void {
    this.#options.memory.retryBudget(provider).deposit();
  }

  /** Returns whether a retry may help. The provider's own hint takes precedence. */
  isRetryable({ kind, shouldRetry, tooLarge }: Failure): boolean {
    if (tooLarge === true) return false;
    return shouldRetry ?? FAILURES[kind].retry;
  }

  /**
   * Returns how long to wait before the next round, or undefined if there is no next round.
   *
   * @param state retries and wait time of this call so far
   * @param hasFallback if true, the call waits at most once, and only for a target in a short cooldown
   * @returns the wait, and for a retry the provider that pays for it from its retry budget
   */
  nextDelay(
    call: LlmCall,
    targets: readonly TargetState[],
    state: RetryState,
    hasFallback: boolean,
  ): { readonly ms: number; readonly retries: string | undefined } | undefined {
    const { initialMs, maxMs, maxWaitMs, max, budget, fallbackWaitMs = maxWaitMs } = this.#options.settings();
    const { memory } = this.#options;
    const worth = targets.filter(
      ({ failure, availability }) =>
        (availability.kind === 'cooldown' || availability.kind === 'closed') &&
        (failure === undefined ? availability.kind === 'cooldown' : this.isRetryable(failure)),
    );
    if (worth.length === 0) return undefined;
    const cooldownOf = (one: TargetState): number => ('forMs' in one.availability ? one.availability.forMs : 0);
    const soonest = worth.reduce((best, one) => (cooldownOf(one) < cooldownOf(best) ? one : best));
    const cooldownMs = cooldownOf(soonest);
    const random = this.#options.random.next();
    const spreadMs = cooldownMs + Math.min(cooldownMs * SPREAD, maxWaitMs * SPREAD) * random;
    const backOffMs = soonest.failure === undefined ? 0 : random * Math.min(maxMs, initialMs * 2 ** state.retries);
    const ms = Math.ceil(Math.max(spreadMs, backOffMs));
    if (state.waitedMs + cooldownMs > maxWaitMs) return undefined;
    if (hasFallback && cooldownMs > 0 && (state.waitedMs > 0 || cooldownMs > fallbackWaitMs)) return undefined;
    if (call.deadlineMs !== undefined && this.#options.clock.monotonic() + ms >= call.deadlineMs) return undefined;
    if (soonest.failure === undefined) return { ms, retries: undefined };
    const { provider } = soonest.target;
    if (state.retries >= max || !memory.retryBudget(provider).tryWithdraw(budget)) return undefined;
    return { ms, retries: provider };
  }

  /** @throws LlmError the signal's reason */
  sleep(ms: number, signal: CallSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(asLlmError(signal.reason));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
