import { defined } from '@sluice/core';
import { asList, asNumber, asString, isObject, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { readFinish } from './finish.ts';
import { isCall, readLogprobs, readOutput } from './read-items.ts';
import { readUsage } from './usage.ts';

/** Source: OpenAI's API reference, "The response object". */
export function readReply(body: JsonObject): NeutralReply {
  const output = asList(body['output']).filter(isObject);
  const logprobs = output.flatMap((item) =>
    asList(item['content']).flatMap((part) => readLogprobs(member(part, 'logprobs')) ?? []),
  );
  const choice = {
    parts: output.flatMap(readOutput),
    finish: readFinish(body, output.some(isCall)),
    logprobs: logprobs.length === 0 ? undefined : logprobs,
  };
  return defined({
    id: asString(body['id']) ?? '',
    model: asString(body['model']) ?? '',
    createdS: asNumber(body['created_at']) || undefined,
    choices: [choice],
    usage: trusted(readUsage(body)),
    serviceTier: asString(body['service_tier']),
  });
}
