import { asLlmError, type LlmCall, type Random } from '@sluice/core';
import type { FailedAttempt } from './attempt.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
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
    let refused = excluded;
    let saturated: FailedAttempt | undefined;
    for (;;) {
      const best = this.#best(call, model, refused);
      if (best === undefined) return saturated;
      const { target } = best;
      const probe = best.isHalfOpen ? await this.#probe(call, target) : false;
      if (probe === 'taken') {
        refused = new Set(refused).add(target);
        continue;
      }
      try {
        const { limits } = target;
        const release = limits === undefined || limits.length === 0 ? NO_PERMITS : await acquirePermits(call, limits);
        return { target, probe, release };
      } catch (thrown) {
        if (probe) this.#options.breakers.inconclusive(circuitKey(target));
        const error = asLlmError(thrown);
        if (error.failure === undefined) throw error;
        saturated = { failure: error.failure, outcome: error };
        refused = new Set(refused).add(target);
      }
    }
  }

  #best(call: LlmCall, model: Model, excluded: ReadonlySet<Target>): Candidate | undefined {
    const { breakers, figures, random } = this.#options;
    const key = callerKey(call);
    const halfOpen: Target[] = [];
    const open: Target[] = [];
    for (const target of model.targets) {
      if (excluded.has(target)) continue;
      const { kind } = breakers.availability(circuitKey(target), key);
      if (kind !== 'closed' && kind !== 'half_open') continue;
      open.push(target);
      if (kind === 'half_open') halfOpen.push(target);
    }
    if (open.length === 0) return undefined;
    const free = open.length === 1 || !open.some(isSaturated) ? open : open.filter((target) => !isSaturated(target));
    const strategy = call.preferences.optimizeFor ?? model.strategy;
    const target = select(strategy, free.length === 0 ? open : free, call, figures, random);
    return { target, isHalfOpen: halfOpen.includes(target) };
  }

  /** Acquires the probe of a half-open circuit. Returns `taken` if another call probes it, and false if the circuit is closed. */
  async #probe(call: LlmCall, target: Target): Promise<boolean | 'taken'> {
    const { breakers } = this.#options;
    const key = callerKey(call);
    if (breakers.availability(circuitKey(target), key).kind !== 'half_open') return false;
    return (await breakers.tryAcquireProbe(circuitKey(target), key)) ? true : 'taken';
  }
}

/** A target that may be called, and whether its circuit is half-open. */
interface Candidate {
  readonly target: Target;
  readonly isHalfOpen: boolean;
}

const isSaturated = ({ limits }: Target): boolean => limits?.some((limit) => limit.full) === true;

const NO_PERMITS = (): void => {};

/** Acquires a permit of each of a target's limits, or of none. */
async function acquirePermits(call: LlmCall, limits: readonly ConcurrencyLimit[]): Promise<() => void> {
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
