import type { LlmCall } from './call.ts';

/**
 * A value that one proxy keeps with a call, between its `prepare` and its `complete`. It goes when the call goes, also where the call
 * never came as far as `complete`. (A WeakMap does the same, and makes every garbage collection walk through it.)
 */
export class PerCall<T> {
  readonly #slot = Symbol('per call');

  set(call: LlmCall, value: T): void {
    (call as unknown as Record<symbol, T>)[this.#slot] = value;
  }

  get(call: LlmCall): T | undefined {
    return (call as unknown as Record<symbol, T | undefined>)[this.#slot];
  }
}
