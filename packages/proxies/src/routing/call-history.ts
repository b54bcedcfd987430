import { type AttemptFailure, CallSlot, type LlmCall } from '@sluice/core';

const NONE: ReadonlySet<string> = new Set();

/** The attempts of a call, for decisions of the router. It persists when a stream is restarted. */
export class CallHistory {
  static readonly #slot = new CallSlot<CallHistory | undefined>('routing history', undefined);
  #attempts = 0;
  readonly #failures: { readonly target: string; readonly kind: AttemptFailure }[] = [];

  /** Returns the history of a call, and of its copies. */
  static of(call: Pick<LlmCall, 'context'>): CallHistory {
    let history = CallHistory.#slot.get(call);
    if (history === undefined) {
      history = new CallHistory();
      CallHistory.#slot.set(call, history);
    }
    return history;
  }

  /** Counts an attempt. Returns whether it is the first one. */
  begin(): boolean {
    return this.#attempts++ === 0;
  }

  failed(target: string, kind: AttemptFailure): void {
    this.#failures.push({ target, kind });
  }

  /** Returns the number of failures of a target in this call. */
  failuresOf(target: string): number {
    let count = 0;
    for (const failure of this.#failures) if (failure.target === target) count++;
    return count;
  }

  /** Returns the targets that failed this call, or only those that timed out. */
  failedTargets(only?: 'timeout'): ReadonlySet<string> {
    if (this.#failures.length === 0) return NONE;
    return new Set(this.#failures.filter(({ kind }) => only === undefined || kind === only).map(({ target }) => target));
  }
}
