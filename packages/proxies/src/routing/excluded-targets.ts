import type { CallHistory } from './call-history.ts';
import type { Model, Target } from './model.ts';

const NONE: readonly Target[] = [];

/**
 * Targets that a restarted stream does not call again, because they failed the call before.
 *
 * If no other target exists, a target that broke off may be called again. A target that timed out may not: a retry would wait
 * the full timeout again.
 */
export class ExcludedTargets {
  readonly #names: ReadonlySet<string>;

  /** @param models that may serve the call */
  constructor(history: CallHistory, models: readonly Model[]) {
    const names = history.failedTargets();
    const others = names.size === 0 || models.some(({ targets }) => targets.some(({ name }) => !names.has(name)));
    this.#names = others ? names : history.failedTargets('timeout');
  }

  /** Whether no target is excluded. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  has({ name }: Target): boolean {
    return this.#names.has(name);
  }

  of({ targets }: Model): readonly Target[] {
    return this.#names.size === 0 ? NONE : targets.filter((target) => this.has(target));
  }

  /** Returns whether a model has a target that may be called. */
  leaves({ targets }: Model): boolean {
    return this.#names.size === 0 || targets.some((target) => !this.has(target));
  }
}
