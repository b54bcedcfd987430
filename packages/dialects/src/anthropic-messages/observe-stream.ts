import type { Usage } from '@sluice/core';
import { finishReason } from '../failures/reported-error.ts';
import { isObject, type JsonObject, member } from '../neutral/read-json.ts';
import { PassthroughObserver } from '../passthrough-observer.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readUsage } from './usage.ts';

/** Observes a stream in Anthropic's dialect while its bytes are forwarded. */
export class AnthropicStreamObserver extends PassthroughObserver {
  #usage: JsonObject = {};

  constructor() {
    super(/"(message_start|message_delta|message_stop|error)"/, /"content_block_delta"/, /"type"/);
  }

  usage(): Usage | undefined {
    return readUsage(this.#usage);
  }

  protected inspect(data: JsonObject): void {
    if (reportsFailure(data)) {
      this.error = errorInStream(data);
      return;
    }
    switch (data['type']) {
      case 'message_start':
        this.#count(member(data['message'], 'usage'));
        return;
      case 'message_delta':
        this.#count(data['usage']);
        if (finishReason(member(data['delta'], 'stop_reason')) !== undefined) this.finished = true;
        return;
      case 'message_stop':
        this.finished = true;
    }
  }

  #count(usage: unknown): void {
    if (!isObject(usage)) return;
    this.#usage = { ...this.#usage, ...Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null)) };
  }
}
