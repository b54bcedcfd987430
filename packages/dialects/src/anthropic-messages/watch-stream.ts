import { LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import type { StreamWatcher } from '../dialect.ts';
import { dataOf, SseEvents } from '../framing/sse-events.ts';
import { isObject, type JsonObject, member, parseJson } from '../neutral/read-json.ts';
import { readUsage } from './usage.ts';

/** The marks of the few events that say more than text; a text cannot look like one, for its quotes are escaped. */
const MARKS = ['"message_start"', '"message_delta"', '"message_stop"', '"error"'].map((mark) => Buffer.from(mark));

/** Follows a stream in Anthropic's dialect while its bytes go by. */
export class AnthropicStreamWatcher implements StreamWatcher {
  readonly #events = new SseEvents();
  #usage: JsonObject = {};
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
    const usage = this.usage();
    const told = usage === undefined ? {} : { usage };
    if (this.#error !== undefined) return { end: 'failed', error: this.#error, ...told };
    if (this.#finished) return { end: 'finished', ...told };
    const error = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.');
    return { end: 'failed', error, ...told };
  }

  usage(): Usage | undefined {
    return readUsage(this.#usage);
  }

  #inspect(event: Buffer): void {
    if (!MARKS.some((mark) => event.includes(mark))) return;
    const data = parseJson(dataOf(event));
    if (!isObject(data)) return;
    switch (data['type']) {
      case 'message_start':
        this.#count(member(data['message'], 'usage'));
        return;
      case 'message_delta':
        this.#count(data['usage']);
        if (member(data['delta'], 'stop_reason') != null) this.#finished = true;
        return;
      case 'message_stop':
        this.#finished = true;
        return;
      case 'error':
        this.#error = new LlmError('upstream_truncated', 'The provider reported an error in the middle of the answer.');
    }
  }

  #count(usage: unknown): void {
    if (!isObject(usage)) return;
    this.#usage = { ...this.#usage, ...Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null)) };
  }
}
