import type { LlmCall } from '@sluice/core';
import type { Model, Target } from './model.ts';

/**
 * The targets that a call whose stream is begun anew does not ask again, because they failed it before.
 *
 * Where nothing else is left, one that broke off may be asked again; one that was silent may not: it would be waited for once more.
 */
export class Excluded {
  readonly #names: ReadonlySet<string>;

  /** @param models that may answer the call */
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

  /** Whether a model has a target that may be asked. */
  leaves({ targets }: Model): boolean {
    return this.#names.size === 0 || targets.some((target) => !this.has(target));
  }
}
