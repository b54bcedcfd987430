import { defined } from '@sluice/core';
import { finishReason } from '../failures/reported-error.ts';
import { asList, asNumber, asString, isObject, isString, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Choice, NeutralReply, TokenLogprob } from '../neutral/reply.ts';
import type { Citation, Part } from '../neutral/request.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { readFinish } from './finish.ts';
import { readCalls, readImages } from './read-calls.ts';
import { readText, readThinking } from './read-messages.ts';
import { readUsage } from './usage.ts';

/** Source: OpenAI's API reference, "The chat completion object". */
export function readReply(body: JsonObject): NeutralReply {
  const choices = asList(body['choices']).map((value): Choice => {
    const message = member(value, 'message');
    const logprobs = readLogprobs(member(value, 'logprobs'));
    const parts = isObject(message) ? readMessage(message) : [];
    return {
      parts: withSources(parts, readSources(body)),
      finish: readFinish(finishReason(member(value, 'finish_reason')) ?? 'stop', parts.some(isCall)),
      logprobs,
    };
  });
  return defined({
    id: asString(body['id']) ?? '',
    model: asString(body['model']) ?? '',
    createdS: asNumber(body['created']) || undefined,
    choices,
    usage: trusted(readUsage(body['usage'])),
    serviceTier: asString(body['service_tier']),
  });
}

const isCall = ({ type }: Part): boolean => type === 'tool_call';

const readMessage = (message: JsonObject): Part[] => [
  ...readText(message, readAnswer(message['content']), true),
  ...readImages(message),
  ...readCalls(message),
];

/** Reads the content of a response: a text or, in Mistral's format, parts that may be reasoning. Unknown parts are dropped. */
export function readAnswer(content: Json): Part[] {
  if (isString(content)) return content === '' ? [] : [{ type: 'text', text: content }];
  return asList(content).flatMap((part): Part[] => {
    const text = asString(member(part, 'text'));
    if (member(part, 'type') === 'thinking') return [{ type: 'reasoning', text: readThinking(member(part, 'thinking')) }];
    return text === undefined ? [] : [{ type: 'text', text }];
  });
}

/** Reads sources next to the whole response in Perplexity's format: with titles, or only URLs. */
export function readSources(body: JsonObject): Citation[] {
  const titled = asList(body['search_results']).map((one) =>
    defined({ url: asString(member(one, 'url')), title: asString(member(one, 'title')) }),
  );
  return titled.length > 0 ? titled : asList(body['citations']).flatMap((url) => (isString(url) ? [{ url }] : []));
}

function withSources(parts: readonly Part[], sources: readonly Citation[]): readonly Part[] {
  const first = parts.findIndex((part) => part.type === 'text');
  const cited = parts[first];
  if (sources.length === 0 || cited?.type !== 'text' || cited.citations !== undefined) return parts;
  return parts.map((part, n) => (n === first ? { ...cited, citations: sources } : part));
}

export function readLogprobs(value: Json): TokenLogprob[] | undefined {
  const content = member(value, 'content');
  if (!Array.isArray(content)) return undefined;
  const one = (token: Json) => ({
    token: asString(member(token, 'token')) ?? '',
    logprob: asNumber(member(token, 'logprob')) ?? 0,
  });
  return content.map((token: Json) => ({ ...one(token), top: asList(member(token, 'top_logprobs')).map(one) }));
}
