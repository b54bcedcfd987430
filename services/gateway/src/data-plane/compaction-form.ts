import type { LlmError, LlmReply, RequestMessage } from '@sluice/core';
import {
  compactionAnswer,
  DIALECTS,
  isObject,
  type JsonObject,
  parseJson,
  responsesRequest,
  summaryRequest,
} from '@sluice/dialects';
import type { ReplyForm } from './reply-form.ts';

/** Served for every provider. */
export const COMPACTION_PATH = '/v1/responses/compact';

/** One request of `POST /v1/responses/compact`: asks the model for a summary, and writes the answer as a compaction. */
export class CompactionForm implements ReplyForm {
  #request: JsonObject = {};

  /** @throws LlmError `invalid_request` */
  request(bytes: Buffer): RequestMessage {
    const message = responsesRequest(summaryRequest(bytes));
    this.#request = responsesRequest(bytes).json();
    return message;
  }

  /** @throws LlmError `upstream_error` for an answer without a summary */
  reply(reply: LlmReply): LlmReply {
    if ('stream' in reply || reply.status >= 300) return reply;
    const response = parseJson(Buffer.from(reply.body).toString('utf8'));
    const answer = compactionAnswer(this.#request, isObject(response) ? response : {});
    return { ...reply, contentType: 'application/json', body: Buffer.from(JSON.stringify(answer)) };
  }

  error(error: LlmError): string {
    return DIALECTS['openai-responses'].renderError(error);
  }
}
