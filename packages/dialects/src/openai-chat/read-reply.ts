import { asList, asNumber, asString, defined, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Choice, NeutralReply, TokenLogprob } from '../neutral/reply.ts';
import { readFinish } from './finish.ts';
import { readAssistant } from './read-request.ts';
import { readUsage } from './usage.ts';

/** Source: OpenAI's API reference, "The chat completion object". */
export function readReply(body: JsonObject): NeutralReply {
  const choices = asList(body['choices']).map((value, n): Choice => {
    const message = member(value, 'message');
    const logprobs = readLogprobs(member(value, 'logprobs'));
    return {
      parts: isObject(message) ? readAssistant(message, `choices[${n}].message`) : [],
      finish: readFinish(asString(member(value, 'finish_reason')) ?? 'stop'),
      ...(logprobs === undefined ? {} : { logprobs }),
    };
  });
  return defined({
    id: asString(body['id']) ?? '',
    model: asString(body['model']) ?? '',
    createdS: asNumber(body['created']),
    choices,
    usage: readUsage(body['usage']),
    serviceTier: asString(body['service_tier']),
  });
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
