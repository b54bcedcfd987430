import type { LlmCall } from '@sluice/core';
import type { Model, Target } from './model.ts';

/**
 * Targets that a restarted stream does not call again, because they failed the call before.
 *
 * If no other target exists, a target that broke off may be called again. A target that timed out may not: a retry would wait
 * the full timeout again.
 */
export class Excluded {
  readonly #names: ReadonlySet<string>;

  /** @param models that may serve the call */
  constructor(call: LlmCall, models: readonly Model[]) {
    const failed = call.facts.tried.filter(({ outcome }) => outcome === 'failed');
    const names = new Set(failed.map(({ target }) => target));
    const others = names.size === 0 || models.some(({ targets }) => targets.some(({ name }) => !names.has(name)));
    this.#names = others ? names : new Set(failed.filter(({ reason }) => reason === 'silent').map(({ target }) => target));
  }

  has({ name }: Target): boolean {
    return this.#names.has(name);
  }

  of({ targets }: Model): Target[] {
    return this.#names.size === 0 ? [] : targets.filter((target) => this.has(target));
  }

  /** Returns whether a model has a target that may be called. */
  leaves({ targets }: Model): boolean {
    return this.#names.size === 0 || targets.some((target) => !this.has(target));
  }
}
