import type { LlmError } from './errors.ts';
import type { Usage } from './usage.ts';

/** How a stream ended. */
export type StreamEnd = 'finished' | 'failed' | 'cancelled';

export interface StreamOutcome {
  readonly end: StreamEnd;
  /** Why, where it failed. */
  readonly error?: LlmError;
  /** What the provider had reported by then. */
  readonly usage?: Usage;
  /** How many events with a part of the answer had come: about a token each. */
  readonly generated?: number;
  /** Of one that was left: it was read to its end all the same, so that `usage` is the provider's last word. */
  readonly readToEnd?: boolean;
  /** The gateway or the client ended a realtime session, so that the provider has not failed. */
  readonly byGateway?: true;
}

/** Where a stream's bytes come from. */
export interface StreamSource {
  pause(): void;
  resume(): void;
  /**
   * Stops the work: nobody will read on. Tells what had come, where it knows; or that it reads on all the same, to learn what the answer comes to, and
   * will tell its end.
   */
  cancel(): StreamProgress | 'reads_on' | undefined;
  /** What has come so far, where it knows. */
  progress?(): StreamProgress;
}

/** What has come of a stream. */
export type StreamProgress = Pick<StreamOutcome, 'usage' | 'generated'>;

export interface StreamConsumer {
  /** Takes some bytes; false asks the source to wait until `resume`. */
  chunk(bytes: Uint8Array): boolean;
  /** No more bytes will come. Called once. */
  end(outcome: StreamOutcome): void;
}

/** Bytes that may wait before the source is asked to pause. */
const HIGH_WATER_BYTES = 256 * 1024;

function leftAt({ end, usage, generated }: StreamOutcome): StreamOutcome {
  const told = { ...(usage === undefined ? {} : { usage }), ...(generated === undefined ? {} : { generated }) };
  return { end: 'cancelled', ...told, readToEnd: end === 'finished' };
}

/**
 * The bytes of a streamed reply, passed on as they come. It has one consumer, any number of taps that look on, and an outcome that is
 * settled exactly once whichever way it ends. Callbacks rather than an async iterator carry the bytes: an iterator in each proxy
 * would cost a promise an event an each.
 */
export class ReplyStream {
  /** Settled once, never rejected. */
  readonly outcome: Promise<StreamOutcome>;
  readonly #source: StreamSource;
  readonly #taps: ((bytes: Uint8Array) => void)[] = [];
  #settle!: (outcome: StreamOutcome) => void;
  #ended: StreamOutcome | undefined;
  #consumer: StreamConsumer | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #flowing = true;
  /** Nobody listens any more, and the source reads on. */
  #left = false;

  constructor(source: StreamSource) {
    this.#source = source;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Lets `tap` see every chunk: those that have come already, and wait for a consumer, and those still to come. */
  tap(tap: (bytes: Uint8Array) => void): void {
    for (const bytes of this.#waiting) tap(bytes);
    this.#taps.push(tap);
  }

  /** For the source: some bytes have come. */
  push(bytes: Uint8Array): void {
    if (this.#ended !== undefined || this.#left) return;
    for (const tap of this.#taps) tap(bytes);
    if (this.#consumer !== undefined && this.#flowing && this.#waiting.length === 0) {
      if (!this.#consumer.chunk(bytes)) this.#stop();
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > HIGH_WATER_BYTES) this.#source.pause();
  }

  /** For the source: the end. Later calls do nothing. */
  finish(outcome: StreamOutcome): void {
    if (this.#ended !== undefined) return;
    this.#ended = this.#left ? leftAt(outcome) : outcome;
    this.#settle(this.#ended);
    this.#drain();
  }

  /** What has come so far. */
  progress(): StreamProgress {
    return this.#source.progress?.() ?? {};
  }

  /** For the consumer: begins to read. */
  consume(consumer: StreamConsumer): void {
    this.#consumer = consumer;
    this.#drain();
  }

  /** For the consumer: it can take more. */
  resume(): void {
    this.#flowing = true;
    this.#drain();
    if (this.#flowing && this.#ended === undefined) this.#source.resume();
  }

  /** For the consumer: it will not read on. */
  cancel(): void {
    if (this.#ended !== undefined) return;
    const had = this.#source.cancel();
    if (had === 'reads_on') {
      this.#left = true;
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
