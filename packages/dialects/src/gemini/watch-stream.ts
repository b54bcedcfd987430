import { type EventFraming, LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import type { EventCutter, StreamWatcher } from '../dialect.ts';
import { eventCutter } from '../framing/event-cutters.ts';
import { isObject, parseJson } from '../neutral/read-json.ts';
import { field } from './fields.ts';
import { readUsage } from './usage.ts';

/** The marks of what has to be known; a text cannot look like one, for its quotes are escaped. */
const FINISHED = /"(finishReason|finish_reason|blockReason|block_reason)"/;
const USAGE = /"(promptTokenCount|prompt_token_count)"/;

/** Follows a stream in Gemini's dialect while its bytes go by. Each event may tell usage; only the last one that does is read. */
export class GeminiStreamWatcher implements StreamWatcher {
  readonly #events: EventCutter;
  #told: string | undefined;
  #finished = false;
  #failed = false;

  constructor(framing: EventFraming) {
    this.#events = eventCutter(framing);
  }

  read(chunk: Buffer): Buffer {
    for (const event of this.#events.feed(chunk)) this.#inspect(event);
    return chunk;
  }

  rest(): Buffer {
    // what was cut in its middle says nothing
    for (const event of this.#events.flush()) if (isObject(parseJson(event))) this.#inspect(event);
    return Buffer.alloc(0);
  }

  outcome(): StreamOutcome {
    const usage = this.usage();
    const told = usage === undefined ? {} : { usage };
    if (this.#finished && !this.#failed) return { end: 'finished', ...told };
    const message = this.#failed
      ? 'The provider reported an error in the middle of the answer.'
      : 'The provider ended the stream before the answer was complete.';
    return { end: 'failed', error: new LlmError('upstream_truncated', message), ...told };
  }

  usage(): Usage | undefined {
    const value = this.#told === undefined ? undefined : parseJson(this.#told);
    return readUsage(field(value, 'usageMetadata'));
  }

  #inspect(event: string): void {
    if (FINISHED.test(event)) this.#finished = true;
    if (USAGE.test(event)) this.#told = event;
    if (event.includes('"error"')) {
      const value = parseJson(event);
      if (isObject(value) && isObject(value['error'])) this.#failed = true;
    }
  }
}
