import { defined } from '@sluice/core';
import { imageText } from '../neutral/image-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import type { Part } from '../neutral/request.ts';
import { untagOwnSignature } from '../neutral/sealed.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { writeCall, writeReasoning } from './write-blocks.ts';

/** Writes a reply. This format has one choice, so only the first is written. */
export function writeReply(reply: NeutralReply): JsonObject {
  const [choice] = reply.choices;
  return defined({
    output: { message: { role: 'assistant', content: (choice?.parts ?? []).flatMap(writeBlock) } },
    stopReason: writeFinish(choice?.finish ?? 'stop'),
    usage: writeUsage(reply.usage ?? { inputTokens: 0, outputTokens: 0 }),
    additionalModelResponseFields: choice?.stopSequence === undefined ? undefined : { stop_sequence: choice.stopSequence },
  });
}

function writeBlock(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ text: part.text }];
    case 'image':
      return [{ text: imageText(part.source) }];
    case 'tool_call':
      return [writeCall(part)];
    case 'reasoning':
      return writeReasoning(part, (sealed) => untagOwnSignature('bedrock-converse', sealed));
    default:
      return [];
  }
}
