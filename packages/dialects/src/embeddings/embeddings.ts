import type { Usage } from '@sluice/core';
import type { JsonObject } from '../neutral/read-json.ts';

/** What the vectors are for: some models want to know. */
export type Purpose = 'query' | 'document' | 'similarity' | 'classification' | 'clustering';

/** A request for embeddings, in no provider's words. What is not there was not said. */
export interface NeutralEmbedRequest {
  /** Texts, or tokens of the model's own vocabulary. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  readonly purpose?: Purpose;
  readonly user?: string;
  /** Fields that were given and that no other dialect can say; the first decide what the caller gets, the others are a wish. */
  readonly only?: { readonly needed: readonly string[]; readonly wished: readonly string[] };
}

export interface NeutralEmbeddings {
  readonly model: string;
  /** One an input, in their order. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage?: Usage;
}

/** How the caller wants its vectors. */
export interface EmbedReplyContext {
  /** As the caller is to see it. */
  readonly model: string;
  /** OpenAI's `encoding_format`. */
  readonly base64: boolean;
  /** Gemini's two forms: one embedding, or a list of them. */
  readonly batch: boolean;
}

/** A wire format for embeddings, both ways. */
export interface EmbeddingsDialect {
  /** Where they are below a provider's base address. */
  path(model: string, batch: boolean): string;
  /** @throws LlmError `invalid_request` with the field in `param` */
  readRequest(body: JsonObject): NeutralEmbedRequest;
  /** @throws LlmError `invalid_request` with the field that cannot be said */
  writeRequest(request: NeutralEmbedRequest, model: string): { readonly body: JsonObject; readonly dropped: readonly string[] };
  readReply(body: JsonObject): NeutralEmbeddings;
  writeReply(embeddings: NeutralEmbeddings, context: EmbedReplyContext): JsonObject;
  readUsage(body: JsonObject): Usage | undefined;
}
