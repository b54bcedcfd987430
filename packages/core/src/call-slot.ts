import type { CallContext } from './call.ts';

/**
 * A typed value of a call and of its copies, declared by the layer that writes it. It is freed together with the call.
 * (A `WeakMap` would also work, but every garbage collection would have to walk it.)
 *
 * @example
 * // in the file of the layer that writes it
 * export const queuedMs = new CallSlot<number>('time in the queue', 0);
 * queuedMs.set(call, 12);
 * // in headers, metrics and records
 * queuedMs.get(call);
 */
export class CallSlot<T> {
  static #declared = 0;
  readonly #index = CallSlot.#declared++;
  readonly #unset: T;
  readonly name: string;

  /**
   * @param name for debuggers and error messages
   * @param unset the value of a call that no layer has set
   */
  constructor(name: string, unset: T) {
    this.name = name;
    this.#unset = unset;
  }

  set({ context }: { readonly context: CallContext }, value: T): void {
    context.slots[this.#index] = value;
  }

  get({ context }: { readonly context: CallContext }): T {
    const value = context.slots[this.#index];
    // only `set` writes this index
    return value === undefined ? this.#unset : (value as T);
  }
}
