import { defined, type Usage } from '@sluice/core';
import { field } from '../gemini/fields.ts';
import { modelSegment } from '../model-segment.ts';
import {
  asList,
  asString,
  isNumber,
  isString,
  type Json,
  type JsonObject,
  needList,
  needObject,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import { inputUsage, trusted } from '../neutral/usage-counts.ts';
import type { EmbeddingsDialect, NeutralEmbedRequest, Purpose } from './embeddings.ts';
import { droppedEmbeddingParams, othersOf, textsOf } from './texts.ts';

const PURPOSES: Readonly<Record<string, Purpose>> = {
  RETRIEVAL_QUERY: 'query',
  QUESTION_ANSWERING: 'query',
  FACT_VERIFICATION: 'query',
  CODE_RETRIEVAL_QUERY: 'query',
  RETRIEVAL_DOCUMENT: 'document',
  SEMANTIC_SIMILARITY: 'similarity',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
};
const TASKS: Readonly<Record<Purpose, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  similarity: 'SEMANTIC_SIMILARITY',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};

function textOf(content: Json, at: string): string {
  return needList(needObject(content, at)['parts'], `${at}.parts`)
    .map((part, n) => {
      const text = field(part, 'text');
      return isString(text) ? text : wrongField(`${at}.parts[${n}].text`, 'a string, for a provider of another dialect');
    })
    .join('');
}

function readOne(body: JsonObject, at: string): NeutralEmbedRequest {
  const task = asString(field(body, 'taskType'));
  const droppable = body['title'] === undefined ? [] : ['title'];
  const known = ['model', 'content', 'taskType', 'task_type', 'title', 'outputDimensionality', 'output_dimensionality'];
  const needed = othersOf(body, known);
  return defined({
    inputs: [textOf(body['content'], `${at}content`)],
    dimensions: optional(field(body, 'outputDimensionality'), `${at}outputDimensionality`, isNumber, 'a number'),
    purpose: task === undefined || !Object.hasOwn(PURPOSES, task) ? undefined : PURPOSES[task],
    only: needed.length + droppable.length === 0 ? undefined : { needed, droppable },
  });
}

const usageOf = (body: JsonObject): Usage | undefined => inputUsage(field(field(body, 'usageMetadata'), 'promptTokenCount'));

/** Source: Google's API reference, "embedContent" and "batchEmbedContents". */
export const geminiEmbeddings: EmbeddingsDialect = {
  path: (model, batch) => `/models/${modelSegment(model)}:${batch ? 'batchEmbedContents' : 'embedContent'}`,
  readRequest(body) {
    if (body['requests'] === undefined) return readOne(body, '');
    const all = needList(body['requests'], 'requests').map((one, n) =>
      readOne(needObject(one, `requests[${n}]`), `requests[${n}].`),
    );
    const [first] = all;
    if (first === undefined) return wrongField('requests', 'a list of at least one');
    for (const [n, { dimensions, purpose }] of all.entries()) {
      // other dialects have these fields once per request
      if (dimensions !== first.dimensions)
        wrongField(`requests[${n}].outputDimensionality`, 'the same as in the first request, for a provider of another dialect');
      if (purpose !== first.purpose)
        wrongField(`requests[${n}].taskType`, 'the same as in the first request, for a provider of another dialect');
    }
    return { ...first, inputs: all.flatMap(({ inputs }) => inputs) };
  },
  writeRequest(request, model) {
    const dropped = droppedEmbeddingParams(request, 'Gemini');
    const requests = textsOf(request, 'Gemini').map((text) =>
      defined({
        model: `models/${model}`,
        content: { parts: [{ text }] },
        taskType: request.purpose === undefined ? undefined : TASKS[request.purpose],
        outputDimensionality: request.dimensions,
      }),
    );
    return { body: { requests }, dropped };
  },
  readReply: (body) =>
    defined({
      model: '',
      vectors: (body['embeddings'] === undefined ? [body['embedding']] : asList(body['embeddings'])).map((one) =>
        asList(field(one, 'values')).filter(isNumber),
      ),
      usage: trusted(usageOf(body)),
    }),
  writeReply({ vectors, usage }, { batch }) {
    const embeddings = vectors.map((values) => ({ values }));
    const usageMetadata = usage === undefined ? {} : { usageMetadata: { promptTokenCount: usage.inputTokens } };
    return { ...(batch ? { embeddings } : { embedding: embeddings[0] ?? { values: [] } }), ...usageMetadata };
  },
  readUsage: usageOf,
};
