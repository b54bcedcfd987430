import { LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import type { StreamWatcher } from '../dialect.ts';
import { dataOf, SseEvents } from '../framing/sse-events.ts';
import { isObject, member, parseJson } from '../neutral/read-json.ts';
import { readUsage } from './usage.ts';

/** The marks of the few events that say how an answer ended; a text cannot look like one, for its quotes are escaped. */
const MARKS = ['"response.completed"', '"response.incomplete"', '"response.failed"', '"error"'].map((mark) => Buffer.from(mark));

/** Follows a stream of responses while its bytes go by. */
export class ResponsesStreamWatcher implements StreamWatcher {
  readonly #events = new SseEvents();
  #usage: Usage | undefined;
  #finished = false;
  #error: LlmError | undefined;

  read(chunk: Buffer): Buffer {
    for (const event of this.#events.feed(chunk)) this.#inspect(event);
    return chunk;
  }

  rest(): Buffer {
    const rest = this.#events.flush();
    if (rest.length > 0) this.#inspect(rest);
    return Buffer.alloc(0);
  }

  outcome(): StreamOutcome {
    const told = this.#usage === undefined ? {} : { usage: this.#usage };
    if (this.#error !== undefined) return { end: 'failed', error: this.#error, ...told };
    if (this.#finished) return { end: 'finished', ...told };
    const error = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.');
    return { end: 'failed', error, ...told };
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  #inspect(event: Buffer): void {
    if (!MARKS.some((mark) => event.includes(mark))) return;
    const data = parseJson(dataOf(event));
    if (!isObject(data)) return;
    switch (data['type']) {
      case 'response.completed':
      case 'response.incomplete':
        this.#finished = true;
        this.#usage = readUsage(member(data['response'], 'usage')) ?? this.#usage;
        return;
      case 'response.failed':
      case 'error':
        this.#usage = readUsage(member(data['response'], 'usage')) ?? this.#usage;
        this.#error = new LlmError('upstream_truncated', 'The provider reported an error in the middle of the answer.');
    }
  }
}
