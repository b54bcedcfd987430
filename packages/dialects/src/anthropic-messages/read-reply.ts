import { defined } from '@sluice/core';
import { finishReason } from '../failures/reported-error.ts';
import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import type { Citation, Part } from '../neutral/request.ts';
import { tagSignature } from '../neutral/sealed.ts';
import { trusted } from '../neutral/usage-counts.ts';
import { readFinish } from './finish.ts';
import { readUsage } from './usage.ts';

/** Source: Anthropic's API reference, "Messages". */
export function readReply(body: JsonObject): NeutralReply {
  const stopSequence = asString(body['stop_sequence']);
  const parts = asList(body['content']).flatMap(readBlock);
  const explanation = asString(member(body['stop_details'], 'explanation'));
  const finish = readFinish(finishReason(body['stop_reason']) ?? 'end_turn');
  if (finish === 'refusal' && parts.length === 0 && explanation !== undefined) parts.push({ type: 'refusal', text: explanation });
  return defined({
    id: asString(body['id']) ?? '',
    model: asString(body['model']) ?? '',
    choices: [{ parts, finish, stopSequence }],
    usage: trusted(readUsage(body['usage'])),
    serviceTier: asString(member(body['usage'], 'service_tier')),
  });
}

/**
 * Reads a block. Blocks of Anthropic's own server tools have no equivalent in other dialects: the model's text describes them.
 */
function readBlock(block: Json): Part[] {
  switch (member(block, 'type')) {
    case 'text': {
      const citations = readCitations(member(block, 'citations'));
      const text = asString(member(block, 'text')) ?? '';
      return text === '' ? [] : [{ type: 'text', text, citations: citations.length === 0 ? undefined : citations }];
    }
    case 'tool_use':
      return [
        {
          type: 'tool_call',
          id: asString(member(block, 'id')) ?? '',
          name: asString(member(block, 'name')) ?? '',
          arguments: JSON.stringify(member(block, 'input') ?? {}),
        },
      ];
    case 'thinking': {
      const signature = tagSignature('anthropic-messages', asString(member(block, 'signature')));
      const text = asString(member(block, 'thinking')) ?? '';
      return [{ type: 'reasoning', text, signature }];
    }
    case 'redacted_thinking': {
      const encrypted = tagSignature('anthropic-messages', asString(member(block, 'data')));
      return encrypted === undefined ? [] : [{ type: 'reasoning', text: '', encrypted }];
    }
    default:
      return [];
  }
}

export function readCitations(value: Json): Citation[] {
  return asList(value).flatMap((one) =>
    isObject(one)
      ? [
          defined({
            url: asString(one['url']),
            title: asString(one['title']) ?? asString(one['document_title']),
            text: asString(one['cited_text']),
            start: asNumber(one['start_char_index']),
            end: asNumber(one['end_char_index']),
          }),
        ]
      : [],
  );
}
