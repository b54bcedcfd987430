import type { LlmCall, WholeReply } from '@sluice/core';
import type { JsonObject } from '@sluice/dialects';
import { type RerankForm, writeRerankAnswer } from '../rerank/rerank-forms.ts';
import { type AnswerReader, objectOf } from './answer-reader.ts';

/** Reads a rerank answer and writes it in the caller's form. */
export class Rerank implements AnswerReader {
  readonly #call: LlmCall;
  readonly #form: RerankForm;

  constructor(call: LlmCall, form: RerankForm) {
    this.#call = call;
    this.#form = form;
  }

  stream(): undefined {
    return undefined;
  }

  whole(head: WholeReply): WholeReply {
    const { message, id } = this.#call;
    const body: JsonObject = writeRerankAnswer(objectOf(head), message.json(), this.#form, id);
    return { ...head, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) };
  }

  refusal(head: WholeReply): WholeReply {
    return head;
  }
}
