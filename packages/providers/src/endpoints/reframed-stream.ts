import type { LlmError, StreamOutcome, Usage } from '@sluice/core';
import type { EventDecoder, StreamObserver } from '@sluice/dialects';
import type { Framing } from './endpoint.ts';

/** Converts a stream to server-sent events, for a caller of the same dialect. The events remain the same. */
export class ReframedStream implements StreamObserver {
  readonly #framing: Framing;
  readonly #decoder: EventDecoder;
  readonly #observer: StreamObserver;

  constructor(framing: Framing, observer: StreamObserver) {
    this.#framing = framing;
    this.#decoder = framing.decoder();
    this.#observer = observer;
  }

  read(chunk: Buffer): Buffer {
    return this.#observer.read(Buffer.from(this.#decoder.feed(chunk).map(this.#framing.asServerSentEvent).join('')));
  }

  rest(): Buffer {
    return this.#observer.rest();
  }

  outcome(): StreamOutcome {
    return this.#observer.outcome();
  }

  usage(): Usage | undefined {
    return this.#observer.usage();
  }

  generated(): number {
    return this.#observer.generated();
  }

  reportedError(): LlmError | undefined {
    return this.#observer.reportedError();
  }

  unfinished(): number {
    return this.#decoder.unfinished();
  }
}
