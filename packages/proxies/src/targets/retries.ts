import { asLlmError, type Clock, type Failure, type FailureKind, type LlmCall, type Random } from '@sluice/core';
import type { Availability } from './circuit-breakers.ts';
import type { Target } from './model.ts';
import { RetryBudget, type RetryBudgetSettings } from './retry-budget.ts';

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

/** Failures worth retrying on the same target. Not timeouts: a retry would wait the full timeout again. */
const MAY_PASS: ReadonlySet<FailureKind> = new Set(['unreachable', 'unavailable', 'rate_limited']);

/** Maximum jitter, as a share of the cooldown, so that waiting calls do not all resume at the same moment. */
const SPREAD = 0.1;

export interface RetriesOptions {
  readonly settings: () => RetrySettings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Decides whether and when a call is retried after all targets of its model have failed. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** Deposits the call's share of a retry into the provider's budget. */
  called(provider: string): void {
    this.#budget(provider).called();
  }

  /** Returns whether a retry may help. The provider's own hint takes precedence. */
  mayHelp({ kind, shouldRetry, tooLarge }: Failure): boolean {
    if (tooLarge === true) return false;
    return shouldRetry ?? MAY_PASS.has(kind);
  }

  /**
   * Returns how long to wait before the next round, or undefined if there is no next round.
   *
   * @param again retries and wait time of this call so far
   * @param isLast true if no fallback model remains. Otherwise the call waits at most once, and only for a short
   * cooldown.
   * @returns the wait, and for a retry the provider that pays for it from its retry budget
   */
  wait(
    call: LlmCall,
    states: readonly TargetState[],
    again: { readonly retries: number; readonly waitedMs: number },
    isLast: boolean,
  ): { readonly ms: number; readonly retries: string | undefined } | undefined {
    const { initialMs, maxMs, maxWaitMs, max, fallbackWaitMs = maxWaitMs } = this.#options.settings();
    const worth = states.filter(
      ({ failure, availability }) =>
        (availability.kind === 'cooling' || availability.kind === 'ready') &&
        (failure === undefined ? availability.kind === 'cooling' : this.mayHelp(failure)),
    );
    if (worth.length === 0) return undefined;
    const coolMs = (one: TargetState): number => ('forMs' in one.availability ? one.availability.forMs : 0);
    const soonest = worth.reduce((best, one) => (coolMs(one) < coolMs(best) ? one : best));
    const cooling = coolMs(soonest);
    const random = this.#options.random.next();
    const spreadMs = cooling + Math.min(cooling * SPREAD, maxWaitMs * SPREAD) * random;
    const backOffMs = soonest.failure === undefined ? 0 : random * Math.min(maxMs, initialMs * 2 ** again.retries);
    const ms = Math.ceil(Math.max(spreadMs, backOffMs));
    if (again.waitedMs + cooling > maxWaitMs) return undefined;
    if (!isLast && cooling > 0 && (again.waitedMs > 0 || cooling > fallbackWaitMs)) return undefined;
    if (call.deadlineMs !== undefined && this.#options.clock.monotonic() + ms >= call.deadlineMs) return undefined;
    if (soonest.failure === undefined) return { ms, retries: undefined };
    const { provider } = soonest.target;
    if (again.retries >= max || !this.#budget(provider).take()) return undefined;
    return { ms, retries: provider };
  }

  /** @throws LlmError the signal's reason */
  pause(ms: number, signal: AbortSignal): Promise<void> {
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

  #budget(provider: string): RetryBudget {
    let budget = this.#budgets.get(provider);
    if (budget === undefined) {
      budget = new RetryBudget(() => this.#options.settings().budget, this.#options.clock);
      this.#budgets.set(provider, budget);
    }
    return budget;
  }
}
