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

/** Path of the compaction route. It is served for every provider. */
export const COMPACTION_PATH = '/v1/responses/compact';

/** Serves one request of `POST /v1/responses/compact`: asks the model for a summary and writes the reply as a compaction. */
export class CompactionForm implements ReplyForm {
  #request: JsonObject = {};

  /** @throws LlmError `invalid_request` */
  request(bytes: Buffer): RequestMessage {
    const message = responsesRequest(summaryRequest(bytes));
    this.#request = responsesRequest(bytes).json();
    return message;
  }

  /** @throws LlmError `upstream_error` for a reply without a summary */
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
