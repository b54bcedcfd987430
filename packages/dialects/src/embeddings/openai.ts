import { defined } from '@sluice/core';
import {
  asList,
  asString,
  isNumber,
  isString,
  type Json,
  type JsonObject,
  member,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { readUsage } from '../openai-chat/usage.ts';
import type { EmbeddingsDialect, NeutralEmbedRequest, Purpose } from './embeddings.ts';
import { othersOf } from './texts.ts';

const PURPOSES: Readonly<Record<string, Purpose>> = {
  query: 'query',
  search_query: 'query',
  document: 'document',
  search_document: 'document',
  passage: 'document',
  classification: 'classification',
  clustering: 'clustering',
};

function readInputs(input: Json): NeutralEmbedRequest['inputs'] {
  if (isString(input)) return [input];
  if (!Array.isArray(input) || input.length === 0) return wrongField('input', 'a string or a list of at least one');
  if (input.every(isNumber)) return [input as number[]];
  return input.map((one: Json, n) => {
    if (isString(one)) return one;
    return Array.isArray(one) && one.every(isNumber)
      ? (one as number[])
      : wrongField(`input[${n}]`, 'a string or a list of tokens');
  });
}

/** Reads a vector from a list of numbers, or from base64 of four bytes per number, little-endian. */
function readVector(value: Json): number[] {
  if (!isString(value)) return asList(value).filter(isNumber);
  const bytes = Buffer.from(value, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, n) => bytes.readFloatLE(n * 4));
}

function writeVector(vector: readonly number[], base64: boolean): string | readonly number[] {
  if (!base64) return vector;
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [n, value] of vector.entries()) bytes.writeFloatLE(value, n * 4);
  return bytes.toString('base64');
}

/**
 * Source: OpenAI's API reference, "Create embeddings". Many compatible servers also support `input_type`, the purpose of the
 * vectors.
 */
export const openAiEmbeddings: EmbeddingsDialect = {
  path: () => '/embeddings',
  readRequest(body) {
    const needed = othersOf(body, ['model', 'input', 'encoding_format', 'dimensions', 'user', 'input_type']);
    const purpose = optional(body['input_type'], 'input_type', isString, 'a string');
    return defined({
      inputs: readInputs(body['input']),
      dimensions: optional(body['dimensions'], 'dimensions', isNumber, 'a number'),
      user: optional(body['user'], 'user', isString, 'a string'),
      purpose: purpose === undefined || !Object.hasOwn(PURPOSES, purpose) ? undefined : PURPOSES[purpose],
      only: needed.length === 0 ? undefined : { needed, droppable: [] },
    });
  },
  writeRequest({ inputs, dimensions, user, purpose, only }, model) {
    const [refused] = only?.needed ?? [];
    if (refused !== undefined) wrongField(refused, "omitted, because this model's provider does not support it");
    const dropped = [...(only?.droppable ?? []), ...(purpose === undefined ? [] : ['taskType'])];
    return { body: defined({ model, input: inputs, dimensions, user, encoding_format: 'float' }), dropped };
  },
  readReply: (body) =>
    defined({
      model: asString(body['model']) ?? '',
      vectors: asList(body['data']).map((one) => readVector(member(one, 'embedding'))),
      usage: trusted(readUsage(body['usage'], false)),
    }),
  writeReply({ vectors, usage }, { model, base64 }): JsonObject {
    const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: writeVector(vector, base64) }));
    const tokens = usage?.inputTokens ?? 0;
    return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  },
  readUsage: (body) => readUsage(body['usage'], false),
};
