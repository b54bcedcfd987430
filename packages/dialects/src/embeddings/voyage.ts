import { defined, type Usage } from '@sluice/core';
import { isNumber, type JsonObject, member, optional } from '../neutral/read-json.ts';
import { inputUsage, trusted } from '../neutral/usage-counts.ts';
import type { EmbeddingsDialect, Purpose } from './embeddings.ts';
import { openAiEmbeddings } from './openai.ts';
import { droppedEmbeddingParams, textsOf } from './texts.ts';

const usageOf = (body: JsonObject): Usage | undefined => inputUsage(member(body['usage'], 'total_tokens'));

/** Source: Voyage AI's API reference, "Text embedding models": OpenAI's format with some other names. */
export const voyageEmbeddings: EmbeddingsDialect = {
  path: () => '/embeddings',
  readRequest(body) {
    const { output_dimension, truncation: _truncation, ...rest } = body;
    const { dimensions: _none, ...request } = openAiEmbeddings.readRequest(rest);
    return defined({ ...request, dimensions: optional(output_dimension, 'output_dimension', isNumber, 'a number') });
  },
  writeRequest(request, model) {
    const dropped = droppedEmbeddingParams(request, 'Voyage');
    const { purpose, dimensions } = request;
    const known = purpose === 'query' || purpose === 'document';
    if (purpose !== undefined && !known) dropped.push('taskType');
    const input = textsOf(request, 'Voyage');
    return {
      body: defined({ model, input, input_type: known ? (purpose satisfies Purpose) : undefined, output_dimension: dimensions }),
      dropped,
    };
  },
  readReply: (body) => defined({ ...openAiEmbeddings.readReply(body), usage: trusted(usageOf(body)) }),
  writeReply({ vectors, usage }, { model }) {
    const data = vectors.map((embedding, index) => ({ object: 'embedding', embedding, index }));
    return { object: 'list', data, model, usage: { total_tokens: usage?.inputTokens ?? 0 } };
  },
  readUsage: usageOf,
};
