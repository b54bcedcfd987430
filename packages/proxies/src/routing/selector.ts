import { asLlmError, type LlmCall, type Random } from '@sluice/core';
import type { FailedAttempt } from './attempt.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import { callerKey } from './failure-source.ts';
import { circuitKey, type Model, type Target } from './model.ts';
import { select, type TargetFigures } from './strategies.ts';

/** A target to call, with a permit of each of its concurrency limits. */
export interface Selection {
  readonly target: Target;
  /** Whether the call probes a half-open circuit. */
  readonly probe: boolean;
  /** Returns the permits. Called once, at the end of the attempt. */
  readonly release: () => void;
}

export interface SelectorOptions {
  readonly breakers: CircuitBreakers;
  readonly figures: TargetFigures;
  readonly random: Random;
}

/** Selects targets: by the strategy of the model, among those with a closed circuit, with a permit if they have limits. */
export class Selector {
  readonly #options: SelectorOptions;

  constructor(options: SelectorOptions) {
    this.#options = options;
  }

  /**
   * Selects the best available target. Waits for a permit only if no other target has a free one.
   *
   * @param excluded targets that may not be selected, for example because they failed this call
   * @returns a failure if all available targets are at their limit, undefined if no target is available
   */
  async select(call: LlmCall, model: Model, excluded: ReadonlySet<Target>): Promise<Selection | FailedAttempt | undefined> {
    const refused = new Set<Target>();
    let saturated: FailedAttempt | undefined;
    for (;;) {
      const target = this.#best(call, model, (one) => excluded.has(one) || refused.has(one));
      if (target === undefined) return saturated;
      const probe = await this.#probe(call, target);
      if (probe === 'taken') {
        refused.add(target);
        continue;
      }
      try {
        return { target, probe, release: await acquirePermits(call, target) };
      } catch (thrown) {
        if (probe) this.#options.breakers.inconclusive(circuitKey(target));
        const error = asLlmError(thrown);
        if (error.failure === undefined) throw error;
        saturated = { failure: error.failure, outcome: error };
        refused.add(target);
      }
    }
  }

  #best(call: LlmCall, model: Model, isExcluded: (target: Target) => boolean): Target | undefined {
    const { breakers, figures, random } = this.#options;
    const key = callerKey(call);
    const open = model.targets.filter((target) => {
      if (isExcluded(target)) return false;
      const { kind } = breakers.availability(circuitKey(target), key);
      return kind === 'closed' || kind === 'half_open';
    });
    if (open.length === 0) return undefined;
    const free = open.length === 1 ? open : open.filter((target) => !isSaturated(target));
    return select(call.preferences.optimizeFor ?? model.strategy, free.length === 0 ? open : free, call, figures, random);
  }

  /** Acquires the probe of a half-open circuit. Returns `taken` if another call probes it, and false if the circuit is closed. */
  async #probe(call: LlmCall, target: Target): Promise<boolean | 'taken'> {
    const { breakers } = this.#options;
    const key = callerKey(call);
    if (breakers.availability(circuitKey(target), key).kind !== 'half_open') return false;
    return (await breakers.tryAcquireProbe(circuitKey(target), key)) ? true : 'taken';
  }
}

const isSaturated = ({ limits }: Target): boolean => limits?.some((limit) => limit.full) === true;

const NO_PERMITS = (): void => {};

/** Acquires a permit of each of a target's limits, or of none. */
async function acquirePermits(call: LlmCall, { limits }: Target): Promise<() => void> {
  if (limits === undefined || limits.length === 0) return NO_PERMITS;
  const acquired: (() => void)[] = [];
  const release = (): void => {
    for (const one of acquired) one();
  };
  try {
    for (const limit of limits) acquired.push(await limit.enter(call.context.caller?.tenant ?? '', call.signal));
  } catch (error) {
    release();
    throw error;
  }
  return release;
}
