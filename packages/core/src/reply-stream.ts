import type { LlmError } from './errors.ts';
import type { Usage } from './usage.ts';

/** How a stream ended. */
export type StreamEnd = 'finished' | 'failed' | 'cancelled';

export interface StreamOutcome {
  readonly end: StreamEnd;
  /** The reason of a failure. */
  readonly error?: LlmError | undefined;
  /** Usage that the provider had reported by the end. */
  readonly usage?: Usage | undefined;
  /** Number of content events received: about one token each. */
  readonly generated?: number | undefined;
  /** For an abandoned stream: true if the source drained it to its end, so that `usage` is final. */
  readonly drained?: boolean;
  /** The gateway or the client ended a realtime session, so the provider has not failed. */
  readonly byGateway?: true | undefined;
}

/** The source of a stream's bytes. */
export interface StreamSource {
  pause(): void;
  resume(): void;
  /**
   * Cancels the upstream response. Returns the progress so far if known, or `'draining'` if the source drains the response to
   * get its final usage. In that case the source calls `finish` later.
   */
  cancel(): StreamProgress | 'draining' | undefined;
  /** Returns the progress so far, if known. */
  progress?(): StreamProgress;
}

/** Usage and number of events received so far. */
export type StreamProgress = Pick<StreamOutcome, 'usage' | 'generated'>;

export interface StreamConsumer {
  /** Takes some bytes. Returns false to pause the source until `resume`. */
  chunk(bytes: Uint8Array): boolean;
  /** Called once, after the last bytes. */
  end(outcome: StreamOutcome): void;
}

/** Bytes that may wait before the source is paused. */
const HIGH_WATER_BYTES = 256 * 1024;

function cancelledOutcome({ end, usage, generated }: StreamOutcome): StreamOutcome {
  return { end: 'cancelled', usage, generated, drained: end === 'finished' };
}

const NO_SOURCE: StreamSource = { pause() {}, resume() {}, cancel() {} };

/**
 * The bytes of a streamed reply, passed on as they arrive. A stream has one consumer, any number of taps that observe it, and
 * an outcome. The outcome is settled exactly once, however the stream ends.
 *
 * Bytes are passed by callbacks instead of an async iterator: an iterator in each proxy would cost one promise per event and
 * proxy.
 */
export class ReplyStream {
  /** Settled once, never rejected. */
  readonly outcome: Promise<StreamOutcome>;
  readonly #source: StreamSource;
  readonly #taps: ((bytes: Uint8Array) => void)[] = [];
  readonly #endListeners: ((outcome: StreamOutcome) => void)[] = [];
  #settle!: (outcome: StreamOutcome) => void;
  #ended: StreamOutcome | undefined;
  #consumer: StreamConsumer | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #flowing = true;
  /** True if the consumer has cancelled and the source drains the response. */
  #abandoned = false;

  constructor(source: StreamSource) {
    this.#source = source;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Returns a stream that has already ended, with all of its bytes in one chunk. */
  static of(bytes: Uint8Array, outcome: StreamOutcome): ReplyStream {
    const stream = new ReplyStream(NO_SOURCE);
    stream.push(bytes);
    stream.finish(outcome);
    return stream;
  }

  /** Passes every chunk to `tap`: the buffered chunks now, and the later ones as they arrive. */
  tap(tap: (bytes: Uint8Array) => void): void {
    for (const bytes of this.#waiting) tap(bytes);
    this.#taps.push(tap);
  }

  /** Called by the source with received bytes. */
  push(bytes: Uint8Array): void {
    if (this.#ended !== undefined || this.#abandoned) return;
    for (const tap of this.#taps) tap(bytes);
    if (this.#consumer !== undefined && this.#flowing && this.#waiting.length === 0) {
      if (!this.#consumer.chunk(bytes)) this.#stop();
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > HIGH_WATER_BYTES) this.#source.pause();
  }

  /** Called by the source at the end. Later calls have no effect. */
  finish(outcome: StreamOutcome): void {
    if (this.#ended !== undefined) return;
    this.#ended = this.#abandoned ? cancelledOutcome(outcome) : outcome;
    // before the consumer learns of the end: it may end an outer stream, and inner layers must end first
    for (const listener of this.#endListeners) listener(this.#ended);
    this.#settle(this.#ended);
    this.#drain();
  }

  /**
   * Calls `listener` once, synchronously, when the stream has ended. Listeners run in the order in which they were added, so
   * those of inner layers run first.
   */
  onEnd(listener: (outcome: StreamOutcome) => void): void {
    if (this.#ended === undefined) this.#endListeners.push(listener);
    else listener(this.#ended);
  }

  /** Returns usage and number of events received so far. */
  progress(): StreamProgress {
    return this.#source.progress?.() ?? {};
  }

  /** Attaches the consumer and starts the flow. */
  consume(consumer: StreamConsumer): void {
    this.#consumer = consumer;
    this.#drain();
  }

  /** Called by the consumer when it is ready for more bytes. */
  resume(): void {
    this.#flowing = true;
    this.#drain();
    if (this.#flowing && this.#ended === undefined) this.#source.resume();
  }

  /** Called by the consumer when it stops reading. */
  cancel(): void {
    if (this.#ended !== undefined) return;
    const had = this.#source.cancel();
    if (had === 'draining') {
      this.#abandoned = true;
      this.#consumer = undefined;
      this.#waiting = [];
      return;
    }
    this.finish({ end: 'cancelled', ...had });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const chunks: Uint8Array[] = [];
    let ended: StreamOutcome | undefined;
    let wake: (() => void) | undefined;
    this.consume({
      chunk: (bytes) => {
        chunks.push(bytes);
        wake?.();
        return false;
      },
      end: (outcome) => {
        ended = outcome;
        wake?.();
      },
    });
    try {
      for (;;) {
        const chunk = chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
          continue;
        }
        if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        this.resume();
        if (chunks.length === 0 && ended === undefined) await woken;
      }
    } finally {
      this.cancel();
    }
  }

  #stop(): void {
    this.#flowing = false;
    this.#source.pause();
  }

  #drain(): void {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    while (this.#flowing) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      this.#waitingBytes -= bytes.length;
      if (!consumer.chunk(bytes)) this.#stop();
    }
    if (this.#ended !== undefined && this.#waiting.length === 0) {
      this.#consumer = undefined;
      consumer.end(this.#ended);
    }
  }
}
