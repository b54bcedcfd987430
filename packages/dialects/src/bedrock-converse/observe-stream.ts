import type { Usage } from '@sluice/core';
import type { JsonObject } from '../neutral/read-json.ts';
import { PassthroughObserver } from '../passthrough-observer.ts';
import { ConverseEventReader } from './read-stream.ts';

/** Observes a stream of this dialect as server-sent events. */
export class ConverseStreamObserver extends PassthroughObserver {
  readonly #reader = new ConverseEventReader();
  #usage: Usage | undefined;

  constructor() {
    super(
      /"(messageStop|metadata|\w+Exception)"/,
      /"contentBlockDelta"/,
      /"(?:message|contentBlock)(?:Start|Delta|Stop)"|"metadata"/,
    );
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  protected inspect(data: JsonObject): void {
    for (const event of this.#reader.read(data)) if (event.type === 'usage') this.#usage = event.usage;
    this.finished = this.#reader.finished;
    this.error = this.#reader.error;
  }
}
