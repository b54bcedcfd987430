import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { Part, Reasoning } from '../neutral/request.ts';
import { tagSignature } from '../neutral/sealed.ts';
import { argumentsText } from '../openai-chat/read-calls.ts';
import { readAnnotations } from './annotations.ts';
import { isOfServer, readClientCall, toolOfCall } from './client-tools.ts';

/**
 * Reads one item of a response. Items of OpenAI's own tools have no equivalent in other dialects: the model's text describes
 * them.
 */
export function readOutput(item: JsonObject): Part[] {
  switch (item['type']) {
    case 'message':
      return asList(item['content']).flatMap(readOutputPart);
    case 'reasoning':
      return readReasoning(item);
    case 'function_call':
      return [
        {
          type: 'tool_call',
          id: asString(item['call_id']) ?? asString(item['id']) ?? '',
          name: asString(item['name']) ?? '',
          arguments: argumentsText(item['arguments']),
        },
      ];
    case 'image_generation_call': {
      const data = asString(item['result']) ?? '';
      const mediaType = `image/${asString(item['output_format']) ?? 'png'}`;
      return data === '' ? [] : [{ type: 'image', source: { kind: 'base64', mediaType, data } }];
    }
    default: {
      const call = isOfServer(item) ? undefined : readClientCall(item);
      return call === undefined ? [] : [call];
    }
  }
}

export function readOutputPart(part: Json): Part[] {
  if (member(part, 'type') === 'refusal') return [{ type: 'refusal', text: asString(member(part, 'refusal')) ?? '' }];
  if (member(part, 'type') !== 'output_text') return [];
  const text = asString(member(part, 'text')) ?? '';
  const citations = readAnnotations(member(part, 'annotations'));
  return text === '' ? [] : [{ type: 'text', text, citations: citations.length === 0 ? undefined : citations }];
}

/**
 * Reads reasoning: its summary or text, and the form that only the provider can read. Reasoning with text has that form as its
 * signature.
 */
export function readReasoning(item: JsonObject): Reasoning[] {
  const summary = [...asList(item['summary']), ...asList(item['content'])]
    .map((part) => asString(member(part, 'text')) ?? '')
    .join('');
  const sealed = tagSignature('openai-responses', asString(item['encrypted_content']));
  if (summary === '') return sealed === undefined ? [] : [{ type: 'reasoning', text: '', encrypted: sealed }];
  return [{ type: 'reasoning', text: summary, signature: sealed }];
}

export function readLogprobs(value: Json): TokenLogprob[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const one = (token: Json) => ({
    token: asString(member(token, 'token')) ?? '',
    logprob: asNumber(member(token, 'logprob')) ?? 0,
  });
  return value.map((token: Json) => ({ ...one(token), top: asList(member(token, 'top_logprobs')).map(one) }));
}

export const isCall = (item: Json): boolean =>
  isObject(item) && (item['type'] === 'function_call' || (toolOfCall(item['type']) !== undefined && !isOfServer(item)));
