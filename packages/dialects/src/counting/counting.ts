import type { DialectName } from '@sluice/core';
import { field } from '../gemini/fields.ts';
import { asCount, asNumber, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { DIALECTS } from '../registry.ts';

/** Token counting in one dialect: its requests and responses. */
interface Counting {
  /** Reads a client's count request as the request to be counted. */
  read(body: JsonObject): NeutralRequest;
  /** Writes the count request for a provider. */
  write(request: NeutralRequest, model: string): JsonObject;
  readCount(body: JsonObject): number | undefined;
  writeCount(tokens: number): JsonObject;
}

/** Returns a request's body without the members that do not affect the prompt. */
function pick(body: JsonObject, names: readonly string[]): Record<string, Json> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

const written = (dialect: DialectName, request: NeutralRequest, model: string): JsonObject =>
  DIALECTS[dialect].writeRequest(request, model, false).body;

/** Dialects with a count route. OpenAI's chat completions have none: their prompts are estimated. */
const COUNTING: Partial<Readonly<Record<DialectName, Counting>>> = {
  'anthropic-messages': {
    read: (body) => DIALECTS['anthropic-messages'].readRequest(body),
    write: (request, model) =>
      pick(written('anthropic-messages', request, model), ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking']),
    readCount: (body) => asCount(body['input_tokens']),
    writeCount: (input_tokens) => ({ input_tokens }),
  },
  gemini: {
    read: (body) => {
      const inner = field(body, 'generateContentRequest');
      if (!isObject(inner)) return DIALECTS.gemini.readRequest(body);
      const { model: _model, ...request } = inner;
      return DIALECTS.gemini.readRequest(request);
    },
    write: (request, model) => ({
      generateContentRequest: {
        model: `models/${model}`,
        ...pick(written('gemini', request, model), ['contents', 'systemInstruction', 'tools']),
      },
    }),
    readCount: (body) => asCount(asNumber(field(body, 'totalTokens'))),
    writeCount: (totalTokens) => ({ totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] }),
  },
  'openai-responses': {
    read: (body) => DIALECTS['openai-responses'].readRequest(body),
    write: (request, model) =>
      pick(written('openai-responses', request, model), ['model', 'input', 'tools', 'tool_choice', 'text', 'reasoning']),
    readCount: (body) => asCount(body['input_tokens']),
    writeCount: (input_tokens) => ({ object: 'response.input_tokens', input_tokens }),
  },
  'bedrock-converse': {
    read: (body) => {
      const inner = member(body['input'], 'converse');
      return DIALECTS['bedrock-converse'].readRequest(isObject(inner) ? inner : body);
    },
    write: (request, model) => ({
      input: { converse: pick(written('bedrock-converse', request, model), ['messages', 'system', 'toolConfig']) },
    }),
    readCount: (body) => asCount(body['inputTokens']),
    writeCount: (inputTokens) => ({ inputTokens }),
  },
};

export const countingOf = (dialect: DialectName): Counting | undefined => COUNTING[dialect];
