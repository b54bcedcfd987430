import type { EventFraming, LlmError, StreamOutcome, Usage } from '@sluice/core';
import type { EventDecoder, StreamObserver } from './dialect.ts';
import { eventDecoder } from './framing/event-decoders.ts';
import { isObject, type JsonObject, parseJson } from './neutral/read-json.ts';
import { outcomeOf } from './stream-ends.ts';

/**
 * Observes a stream while its bytes are forwarded unchanged. An event is parsed only if a cheap pattern shows that its
 * information is needed.
 */
export abstract class PassthroughObserver implements StreamObserver {
  protected finished = false;
  protected error: LlmError | undefined;
  readonly #events: EventDecoder;
  /** Patterns of events to parse. A text cannot match, because its quotes are escaped. */
  readonly #marks: RegExp;

  readonly #contentMark: RegExp;
  readonly #known: RegExp;
  #generated = 0;

  /**
   * @param contentMark matches all events with content, and no others
   * @param known matches every event of the dialect. Any other event is parsed: it may be an error in another format
   */
  constructor(marks: RegExp, contentMark: RegExp, known: RegExp, framing: EventFraming = 'sse') {
    this.#marks = marks;
    this.#contentMark = contentMark;
    this.#known = known;
    this.#events = eventDecoder(framing);
  }

  read(chunk: Buffer): Buffer {
    const failed = this.error !== undefined;
    for (const event of this.#events.feed(chunk)) this.#look(event);
    // a response ends with its error
    return failed ? Buffer.alloc(0) : chunk;
  }

  rest(): Buffer {
    for (const event of this.#events.flush()) this.#look(event);
    return Buffer.alloc(0);
  }

  outcome(): StreamOutcome {
    return outcomeOf(this.finished, this.error, this.usage());
  }

  generated(): number {
    return this.#generated;
  }

  reportedError(): LlmError | undefined {
    return this.error;
  }

  unfinished(): number {
    return this.#events.unfinished();
  }

  abstract usage(): Usage | undefined;

  /** Processes one event. A truncated event is never passed. */
  protected abstract inspect(data: JsonObject): void;

  #look(event: string): void {
    if (event === '') return;
    if (this.#contentMark.test(event)) this.#generated++;
    if (!this.#marks.test(event) && this.#known.test(event)) return;
    const data = parseJson(event);
    if (isObject(data)) this.inspect(data);
  }
}
