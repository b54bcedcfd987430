import { asLlmError, CallAbort, type CallSignal, copyCall, type LlmCall, type LlmReply } from '@sluice/core';
import type { CacheEntry } from '@sluice/store/ports';
import type { SharedStream } from './shared-stream.ts';

/** The response that a shared call has received. */
export type SharedResponse =
  | { readonly kind: 'whole'; readonly reply: Extract<LlmReply, { body: Uint8Array }> }
  | { readonly kind: 'stream'; readonly head: Extract<LlmReply, { stream: object }>; readonly stream: SharedStream }
  /** Another replica has made the call and stored its response. */
  | { readonly kind: 'entry'; readonly entry: CacheEntry };

/** A call to a provider that identical calls of this replica wait for. */
export class SharedCall {
  /** How many leaders have failed before it. */
  readonly handovers: number;
  /** The response. Rejects if its leader has failed before a response began. */
  readonly response: Promise<SharedResponse>;
  readonly #respond: (response: SharedResponse) => void;
  readonly #fail: (error: unknown) => void;
  readonly #abort = new CallAbort();
  #participants = 0;
  #isDecided = false;
  #leader: LlmCall | undefined;

  constructor(handovers: number) {
    this.handovers = handovers;
    const { promise, resolve, reject } = Promise.withResolvers<SharedResponse>();
    // it may have no follower
    promise.catch(() => {});
    this.response = promise;
    this.#respond = resolve;
    this.#fail = reject;
  }

  /** The call that is made and pays. Undefined if another replica has made it. */
  get leader(): LlmCall | undefined {
    return this.#leader;
  }

  /** Whether its last participant has left before there was a response, so that it is being aborted. */
  get isAborted(): boolean {
    return this.#abort.aborted;
  }

  /** Aborts when the last participant has left before there is a response. After that, its stream ends with its last reader. */
  get signal(): CallSignal {
    return this.#abort;
  }

  /** Returns the leader's call as it is made: it continues for the others after the leader's client has left. */
  ledBy(call: LlmCall): LlmCall {
    this.#leader = copyCall(call, { signal: this.#abort });
    return this.#leader;
  }

  /** Adds a participant until it leaves, or until its client does. Returns how it leaves. */
  join(signal: CallSignal): () => void {
    this.#participants++;
    let isHere = true;
    const leave = (): void => {
      if (!isHere) return;
      isHere = false;
      signal.removeEventListener('abort', leave);
      this.#participants--;
      if (this.#participants === 0 && !this.#isDecided) this.#abort.abort(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return leave;
  }

  succeed(response: SharedResponse): void {
    this.#isDecided = true;
    this.#respond(response);
  }

  fail(error: unknown): void {
    this.#isDecided = true;
    this.#fail(asLlmError(error));
  }
}
