import type { EventFraming, Usage } from '@sluice/core';
import { finishReason } from '../failures/reported-error.ts';
import { asList, type JsonObject } from '../neutral/read-json.ts';
import { PassthroughObserver } from '../passthrough-observer.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { field } from './fields.ts';
import { readUsage } from './usage.ts';

/**
 * Observes a stream in Gemini's dialect while its bytes are forwarded. Almost every event reports usage, so almost every event
 * is parsed.
 */
export class GeminiStreamObserver extends PassthroughObserver {
  #usage: Usage | undefined;

  constructor(framing: EventFraming) {
    super(
      /"(finishReason|finish_reason|blockReason|block_reason|promptTokenCount|prompt_token_count|error)"/,
      /"text"\s*:\s*"[^"]|"functionCall"|"function_call"|"inlineData"|"inline_data"/,
      /"(?:candidates|usageMetadata|usage_metadata|promptFeedback|prompt_feedback)"/,
      framing,
    );
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  protected inspect(data: JsonObject): void {
    if (reportsFailure(data)) this.error = errorInStream(data);
    const ended = asList(data['candidates']).some((candidate) => finishReason(field(candidate, 'finishReason')) !== undefined);
    if (ended || field(field(data, 'promptFeedback'), 'blockReason') !== undefined) this.finished = true;
    this.#usage = readUsage(field(data, 'usageMetadata')) ?? this.#usage;
  }
}
