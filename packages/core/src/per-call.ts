import type { LlmCall } from './call.ts';

/**
 * A value that one proxy attaches to a call between its `prepare` and its `complete`. It is freed together with the call, even
 * if the call never reaches `complete`. (A `WeakMap` would also work, but every garbage collection would have to walk it.)
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
