import type { Usage } from '@sluice/core';
import type { JsonObject } from '../neutral/read-json.ts';

/** Purpose of the vectors, which some models require. */
export type Purpose = 'query' | 'document' | 'similarity' | 'classification' | 'clustering';

/** A request for embeddings in the neutral form. Undefined members were not in the request. */
export interface NeutralEmbedRequest {
  /** Texts, or tokens of the model's own vocabulary. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  readonly purpose?: Purpose;
  readonly user?: string;
  /** Fields that no other dialect supports. The required ones change the result; the others are optional. */
  readonly only?: { readonly needed: readonly string[]; readonly droppable: readonly string[] };
}

export interface NeutralEmbeddings {
  readonly model: string;
  /** One vector per input, in the same order. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage?: Usage;
}

/** Properties of the client's reply. */
export interface EmbedReplyContext {
  /** Model name that the client sees. */
  readonly model: string;
  /** OpenAI's `encoding_format`. */
  readonly base64: boolean;
  /** Gemini's two forms: one embedding, or a list of them. */
  readonly batch: boolean;
}

/** A wire format for embeddings, for requests and replies. */
export interface EmbeddingsDialect {
  /** Returns the path below a provider's base URL. */
  path(model: string, batch: boolean): string;
  /** @throws LlmError `invalid_request` with the field in `param` */
  readRequest(body: JsonObject): NeutralEmbedRequest;
  /** @throws LlmError `invalid_request` with the unsupported field */
  writeRequest(request: NeutralEmbedRequest, model: string): { readonly body: JsonObject; readonly dropped: readonly string[] };
  readReply(body: JsonObject): NeutralEmbeddings;
  writeReply(embeddings: NeutralEmbeddings, context: EmbedReplyContext): JsonObject;
  readUsage(body: JsonObject): Usage | undefined;
}
