import type { LlmCall, WholeReply } from '@sluice/core';
import { DIALECTS, EMBEDDINGS, type EmbeddingsDialectName, errorInStream, isReportedError } from '@sluice/dialects';
import { type AnswerReader, jsonType, objectOf, ownRefusal, parseAnswer, refusalIn } from './answer-reader.ts';

export interface EmbeddingsOptions {
  readonly call: LlmCall;
  /** The dialects of the caller and the provider for embeddings. */
  readonly caller: EmbeddingsDialectName;
  readonly provider: EmbeddingsDialectName;
  /** The provider's own name of the model. */
  readonly model: string;
}

/** Reads embeddings: the provider's bytes for a caller of its own dialect, a translation for others. */
export class Embeddings implements AnswerReader {
  readonly #options: EmbeddingsOptions;

  constructor(options: EmbeddingsOptions) {
    this.#options = options;
  }

  stream(): undefined {
    return undefined;
  }

  whole(head: WholeReply): WholeReply {
    const { call, caller, provider, model } = this.#options;
    const value = objectOf(head);
    if (isReportedError(value)) throw errorInStream(value);
    const usage = EMBEDDINGS[provider].readUsage(value);
    if (caller === provider) return { ...head, usage, contentType: jsonType(head.contentType) };
    const request = call.message.json();
    const body = parseAnswer(() => {
      const embeddings = EMBEDDINGS[provider].readReply(value);
      const context = {
        model: embeddings.model === '' ? model : embeddings.model,
        base64: request['encoding_format'] === 'base64',
        batch: request['requests'] !== undefined,
      };
      return EMBEDDINGS[caller].writeReply(embeddings, context);
    });
    return { ...head, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)), usage };
  }

  refusal(head: WholeReply): WholeReply {
    const { call, caller, provider } = this.#options;
    return caller === provider ? ownRefusal(head) : refusalIn(DIALECTS[call.dialect], head);
  }
}
