import type { LlmCall } from './call.ts';

/**
 * A value that one layer attaches to a call and to its copies. It is freed together with the call.
 * (A `WeakMap` would also work, but every garbage collection would have to walk it.)
 *
 * @example
 * const startedAt = new CallSlot<number>('started at');
 * startedAt.set(call, performance.now());
 * startedAt.get(call);
 */
export class CallSlot<T> {
  readonly #key: symbol;

  /** @param name shown by debuggers */
  constructor(name: string) {
    this.#key = Symbol(name);
  }

  set({ facts }: Pick<LlmCall, 'facts'>, value: T): void {
    Object.assign(facts, { [this.#key]: value });
  }

  get({ facts }: Pick<LlmCall, 'facts'>): T | undefined {
    // only `set` writes this key
    return Reflect.get(facts, this.#key) as T | undefined;
  }
}
