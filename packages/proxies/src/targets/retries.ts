import { asLlmError, type Clock, type Failure, type FailureKind, type LlmCall, type Random } from '@sluice/core';
import type { Availability } from './circuit-breakers.ts';
import type { Target } from './model.ts';
import { RetryBudget, type RetryBudgetSettings } from './retry-budget.ts';

export interface RetrySettings {
  /** How often one call is tried again at the same targets. */
  readonly max: number;
  readonly budget: RetryBudgetSettings;
  /** The first wait is between nothing and this, and each further one between nothing and twice as much, */
  readonly initialMs: number;
  /** and never more than this. */
  readonly maxMs: number;
  /** The longest that a call waits in all for targets that want to be left alone. */
  readonly maxWaitMs: number;
  /** The longest that it waits, once, before another model is asked; `maxWaitMs` if not given, and 0 for not at all. */
  readonly fallbackWaitMs?: number;
}

/** A target as a call finds it after it has asked in vain. */
export interface TargetState {
  readonly target: Target;
  /** How it failed this call; undefined where it was not asked. */
  readonly failure: Failure | undefined;
  readonly availability: Availability;
}

/** Failures that the same again may not meet. Who was silent once is not asked again: it would be waited for once more. */
const MAY_PASS: ReadonlySet<FailureKind> = new Set(['unreachable', 'unavailable', 'rate_limited']);

/** How much longer those wait at the most who wait for the same moment, so that they do not all come at once. */
const SPREAD = 0.1;

export interface RetriesOptions {
  readonly settings: () => RetrySettings;
  readonly clock: Clock;
  readonly random: Random;
}

/** Whether, and when, a call is tried again where all targets of its model were asked in vain. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** A call was made that pays for its share of a retry. */
  called(provider: string): void {
    this.#budget(provider).called();
  }

  /** Whether the same again may help, by the provider's own word where it gives it. */
  mayHelp({ kind, shouldRetry, tooLarge }: Failure): boolean {
    if (tooLarge === true) return false;
    return shouldRetry ?? MAY_PASS.has(kind);
  }

  /**
   * How long to wait before the next round; undefined where there is none.
   *
   * @param again how often this call was tried again already, and how long it has waited for it
   * @param isLast whether no other model stands in: for one that does a call waits once for a target that asks for a short while
   * @returns the wait, and whose budget paid for it where it is a retry
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
