import { defined } from '@sluice/core';
import { asList, asString, isObject, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { readFinish } from './finish.ts';
import { readText } from './read-blocks.ts';
import { readUsage } from './usage.ts';

/** Source: Amazon Bedrock's API reference, "Converse". */
export function readReply(body: JsonObject): NeutralReply {
  const content = member(member(body['output'], 'message'), 'content');
  const stopSequence = asString(member(body['additionalModelResponseFields'], 'stop_sequence'));
  return defined({
    id: '',
    model: '',
    choices: [
      {
        parts: asList(content).filter(isObject).flatMap(readText),
        finish: readFinish(asString(body['stopReason']) ?? 'end_turn'),
        stopSequence,
      },
    ],
    usage: trusted(readUsage(body['usage'])),
    serviceTier: asString(member(body['serviceTier'], 'type')),
  });
}
