import type { Usage } from '@sluice/core';
import type { JsonObject } from '../neutral/read-json.ts';
import { PassthroughObserver } from '../passthrough-observer.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readUsage } from './usage.ts';

/** Observes a stream of responses while its bytes are forwarded. */
export class ResponsesStreamObserver extends PassthroughObserver {
  #usage: Usage | undefined;

  constructor() {
    super(/"(response\.(?:completed|incomplete|failed|cancelled|error)|error)"/, /\.delta"/, /"type"/);
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  protected inspect(data: JsonObject): void {
    if (reportsFailure(data)) {
      this.error = errorInStream(data);
      this.#usage = readUsage(data['response']) ?? this.#usage;
      return;
    }
    switch (data['type']) {
      case 'response.completed':
      case 'response.incomplete':
        this.finished = true;
        break;
      default:
        return;
    }
    this.#usage = readUsage(data['response']) ?? this.#usage;
  }
}
