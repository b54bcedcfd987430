import type { LlmCall, WholeReply } from '@sluice/core';
import { DIALECTS, EMBEDDINGS, type EmbeddingsDialectName } from '@sluice/dialects';
import { type AnswerReader, objectOf, refusalIn, understood } from './answer-reader.ts';

export interface EmbeddingsOptions {
  readonly call: LlmCall;
  /** What the caller and the provider speak for embeddings. */
  readonly caller: EmbeddingsDialectName;
  readonly provider: EmbeddingsDialectName;
  /** The provider's own name of the model. */
  readonly model: string;
}

/** Embeddings: the provider's bytes for a caller of its own dialect, and a translation for others. */
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
    const usage = EMBEDDINGS[provider].readUsage(value);
    const told = usage === undefined ? {} : { usage };
    if (caller === provider) return { ...head, ...told };
    const request = call.message.json();
    const body = understood(() => {
      const embeddings = EMBEDDINGS[provider].readReply(value);
      const context = {
        model: embeddings.model === '' ? model : embeddings.model,
        base64: request['encoding_format'] === 'base64',
        batch: request['requests'] !== undefined,
      };
      return EMBEDDINGS[caller].writeReply(embeddings, context);
    });
    return { ...head, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)), ...told };
  }

  refusal(head: WholeReply): WholeReply {
    const { call, caller, provider } = this.#options;
    if (caller === provider) return head;
    const message = (body: Readonly<Record<string, unknown>>): string | undefined => {
      const { error, detail, message: own } = body as { error?: { message?: unknown }; detail?: unknown; message?: unknown };
      // OpenAI's and Gemini's, Voyage's, Cohere's
      return [error?.message, detail, own].find((one) => typeof one === 'string') as string | undefined;
    };
    return refusalIn(DIALECTS[call.dialect], head, message);
  }
}
