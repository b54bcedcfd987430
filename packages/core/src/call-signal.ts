/** Called when a call is aborted. */
export type AbortListener = (() => void) | { handleEvent(): void };

/** The part of an `AbortSignal` that layers and providers use. An `AbortSignal` is a `CallSignal`. */
export interface CallSignal {
  readonly aborted: boolean;
  /** Why the call was aborted: an `LlmError`. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: AbortListener, options?: { once: true }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** Aborts a call. */
export interface Abortable {
  abort(reason: unknown): void;
}

/**
 * A controller and its signal in one object. Each call has two of them, and a `AbortController` allocates ten times as much:
 * an event target with two maps, and a map and an event for each listener.
 *
 * @example
 * const abort = new CallAbort();
 * service.complete({ ...call, signal: abort });
 * abort.abort(new LlmError('client_closed', 'The client closed the connection.'));
 */
export class CallAbort implements CallSignal, Abortable {
  #aborted = false;
  #reason: unknown;
  /** Most signals have one listener, so that a list is made only for more. */
  #first: AbortListener | undefined;
  #others: AbortListener[] | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** Calls each listener once. Further calls have no effect. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const [first, others] = [this.#first, this.#others];
    this.#first = undefined;
    this.#others = undefined;
    if (first !== undefined) notify(first);
    for (const listener of others ?? []) notify(listener);
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#aborted || listener === this.#first || this.#others?.includes(listener) === true) return;
    if (this.#first === undefined) this.#first = listener;
    else if (this.#others === undefined) this.#others = [listener];
    else this.#others.push(listener);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#first === listener) this.#first = this.#others?.shift();
    else if (this.#others !== undefined) this.#others = this.#others.filter((other) => other !== listener);
  }
}

function notify(listener: AbortListener): void {
  try {
    if (typeof listener === 'function') listener();
    else listener.handleEvent();
  } catch (error) {
    // as for an event target, a fault of one listener does not stop the others
    process.nextTick(raise, error);
  }
}

function raise(error: unknown): never {
  throw error;
}

/** Returns the signal for an API of Node.js that requires an `AbortSignal`. */
export function abortSignalOf(signal: CallSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const controller = new AbortController();
  if (signal.aborted) controller.abort(signal.reason);
  else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  return controller.signal;
}
