import { LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import type { StreamWatcher } from '../dialect.ts';
import { eventCutter } from '../framing/event-cutters.ts';
import { isObject, parseJson } from '../neutral/read-json.ts';
import { ConverseEventReader } from './read-stream.ts';

/** Follows a stream of this dialect as server-sent events. No caller speaks it, so that it need not be cheap. */
export class ConverseStreamWatcher implements StreamWatcher {
  readonly #events = eventCutter('sse');
  readonly #reader = new ConverseEventReader();
  #usage: Usage | undefined;

  read(chunk: Buffer): Buffer {
    for (const event of this.#events.feed(chunk)) this.#inspect(event);
    return chunk;
  }

  rest(): Buffer {
    for (const event of this.#events.flush()) this.#inspect(event);
    return Buffer.alloc(0);
  }

  outcome(): StreamOutcome {
    const told = this.#usage === undefined ? {} : { usage: this.#usage };
    if (this.#reader.finished && this.#reader.error === undefined) return { end: 'finished', ...told };
    const cut = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.');
    return { end: 'failed', error: this.#reader.error ?? cut, ...told };
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  #inspect(event: string): void {
    const data = parseJson(event);
    if (!isObject(data)) return;
    for (const said of this.#reader.read(data)) if (said.type === 'usage') this.#usage = said.usage;
  }
}
