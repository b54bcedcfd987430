import type { LlmError, StreamOutcome, Usage } from '@sluice/core';
import type { EventDecoder, StreamObserver } from '@sluice/dialects';
import type { Framing } from './endpoint.ts';

/** Converts a stream to server-sent events, for a caller of the same dialect. The events remain the same. */
export class ReframedStream implements StreamObserver {
  readonly #framing: Framing;
  readonly #cutter: EventDecoder;
  readonly #watcher: StreamObserver;

  constructor(framing: Framing, watcher: StreamObserver) {
    this.#framing = framing;
    this.#cutter = framing.cutter();
    this.#watcher = watcher;
  }

  read(chunk: Buffer): Buffer {
    return this.#watcher.read(Buffer.from(this.#cutter.feed(chunk).map(this.#framing.asServerSentEvent).join('')));
  }

  rest(): Buffer {
    return this.#watcher.rest();
  }

  outcome(): StreamOutcome {
    return this.#watcher.outcome();
  }

  usage(): Usage | undefined {
    return this.#watcher.usage();
  }

  generated(): number {
    return this.#watcher.generated();
  }

  reportedError(): LlmError | undefined {
    return this.#watcher.reportedError();
  }

  unfinished(): number {
    return this.#cutter.unfinished();
  }
}
