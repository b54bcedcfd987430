import { defined, type Usage } from '@sluice/core';
import {
  asList,
  asString,
  isNumber,
  isString,
  type JsonObject,
  member,
  needList,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import { inputUsage, trusted } from '../neutral/usage-counts.ts';
import type { EmbeddingsDialect, Purpose } from './embeddings.ts';
import { droppedEmbeddingParams, othersOf, textsOf } from './texts.ts';

const TYPES: Readonly<Record<Purpose, string>> = {
  query: 'search_query',
  document: 'search_document',
  similarity: 'clustering',
  classification: 'classification',
  clustering: 'clustering',
};
const PURPOSES: Readonly<Record<string, Purpose>> = {
  search_query: 'query',
  search_document: 'document',
  classification: 'classification',
  clustering: 'clustering',
};

const usageOf = (body: JsonObject): Usage | undefined => inputUsage(member(member(body['meta'], 'billed_units'), 'input_tokens'));

/** Source: Cohere's API reference, "Embed" (v2). It requires the purpose of the vectors; the default is documents. */
export const cohereEmbeddings: EmbeddingsDialect = {
  path: () => '/embed',
  readRequest(body) {
    const needed = othersOf(body, [
      'model',
      'texts',
      'input_type',
      'embedding_types',
      'output_dimension',
      'truncate',
      'max_tokens',
    ]);
    const type = asString(body['input_type']);
    return defined({
      inputs: needList(body['texts'], 'texts').map((text, n) => (isString(text) ? text : wrongField(`texts[${n}]`, 'a string'))),
      dimensions: optional(body['output_dimension'], 'output_dimension', isNumber, 'a number'),
      purpose: type === undefined || !Object.hasOwn(PURPOSES, type) ? undefined : PURPOSES[type],
      only: needed.length === 0 ? undefined : { needed, droppable: [] },
    });
  },
  writeRequest(request, model) {
    const dropped = droppedEmbeddingParams(request, 'Cohere');
    const body = defined({
      model,
      texts: textsOf(request, 'Cohere'),
      input_type: TYPES[request.purpose ?? 'document'],
      embedding_types: ['float'],
      output_dimension: request.dimensions,
    });
    return { body, dropped };
  },
  readReply: (body) =>
    defined({
      model: '',
      vectors: asList(member(body['embeddings'], 'float')).map((vector) => asList(vector).filter(isNumber)),
      usage: trusted(usageOf(body)),
    }),
  writeReply: ({ vectors, usage }) =>
    defined({
      embeddings: { float: vectors },
      response_type: 'embeddings_by_type',
      meta:
        usage === undefined ? undefined : { api_version: { version: '2' }, billed_units: { input_tokens: usage.inputTokens } },
    }),
  readUsage: usageOf,
};
