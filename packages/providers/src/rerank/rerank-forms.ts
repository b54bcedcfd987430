import { defined } from '@sluice/core';
import type { EmbeddingsDialectName, JsonObject } from '@sluice/dialects';
import { asCount, asList, asString, isObject, member } from '@sluice/dialects';

/** The form of a rerank request or answer. vLLM, llama.cpp and others have Jina's form too. */
export type RerankForm = 'cohere' | 'jina' | 'voyage';

/** Returns a provider's form, by its embeddings. */
export const providerForm = (embeddings: EmbeddingsDialectName | undefined): RerankForm =>
  embeddings === 'cohere' || embeddings === 'voyage' ? embeddings : 'jina';

/** Returns a caller's form, by its route: Cohere's second version, or Jina's, which is like Cohere's first. */
export const callerForm = (route: string): RerankForm => (route.endsWith('/v2/rerank') ? 'cohere' : 'jina');

/** Returns a document's text, in any form of a document. */
const textOf = (document: unknown): unknown => (isObject(document) ? (asString(document['text']) ?? document) : document);

/** Returns a request in a provider's form. Sources: the API references of Cohere (v2), Jina and Voyage. */
export function writeRerankRequest(body: JsonObject, form: RerankForm, model: string): JsonObject {
  const { top_n: max, return_documents: shown, documents, ...rest } = body;
  const texts = Array.isArray(documents) ? documents.map(textOf) : documents;
  const common = { ...rest, model, documents: texts };
  if (form === 'voyage') {
    return { ...common, ...defined({ top_k: max, return_documents: shown }) };
  }
  return { ...common, ...defined({ top_n: max }) };
}

/** Returns a provider's answer in the caller's form. */
export function writeRerankAnswer(answer: JsonObject, request: JsonObject, form: RerankForm, id: string): JsonObject {
  const documents = asList(request['documents']);
  const shown = form === 'jina' && request['return_documents'] === true;
  const results = asList(answer['results'] ?? answer['data']).map((one) => {
    const index = asCount(member(one, 'index')) ?? 0;
    const text = textOf(documents[index]);
    return { index, relevance_score: member(one, 'relevance_score'), ...(shown ? { document: { text } } : {}) };
  });
  const units = member(member(answer['meta'], 'billed_units'), 'search_units');
  if (form === 'cohere') {
    const meta = answer['meta'] ?? { api_version: { version: '2' } };
    return { id: asString(answer['id']) ?? id, results, meta };
  }
  const tokens = asCount(member(answer['usage'], 'total_tokens')) ?? asCount(units) ?? 0;
  return { model: request['model'], object: 'list', usage: { total_tokens: tokens }, results };
}
