import type { NeutralReply } from '../neutral/reply.ts';
import type { Message, NeutralRequest, Part } from '../neutral/request.ts';
import { byLength, type TextCounter } from './text-counters.ts';

/** What a message, a tool and the beginning of an answer take for themselves. */
const MESSAGE_TOKENS = 4;
const TOOL_TOKENS = 12;
/** A picture of the size that most models scale to. */
const IMAGE_TOKENS = 1_600;
/** A second of sound is 32 tokens and about 4 KB as MP3; a page of a document about 1,600 tokens and 50 KB. */
const MEDIA_BYTES_A_TOKEN = 32;

/**
 * About how many tokens a prompt is. Texts are counted as `count` does it, by their length if it is not given.
 */
export function estimateTokens({ messages, tools }: NeutralRequest, count: TextCounter = byLength): number {
  const ofMessages = messages.reduce((sum, message) => sum + MESSAGE_TOKENS + ofParts(message.parts, count), 0);
  const ofTools = (tools ?? []).reduce((sum, tool) => sum + TOOL_TOKENS + count(JSON.stringify(tool)), 0);
  return Math.ceil(ofMessages + ofTools);
}

/** About how many tokens an answer has. */
export function estimateAnswerTokens({ choices }: NeutralReply, count: TextCounter = byLength): number {
  return Math.ceil(choices.reduce((sum, { parts }) => sum + ofParts(parts, count), 0));
}

const ofParts = (parts: Message['parts'], count: TextCounter): number =>
  parts.reduce((sum, part) => sum + ofPart(part, count), 0);

function ofPart(part: Part, count: TextCounter): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return count(part.text);
    case 'tool_call':
      return TOOL_TOKENS + count(part.name) + count(part.arguments);
    case 'tool_result':
      return TOOL_TOKENS + ofParts(part.parts, count);
    case 'image':
      return IMAGE_TOKENS;
    case 'audio':
    case 'file':
      return part.source.kind === 'base64' ? (part.source.data.length * 3) / 4 / MEDIA_BYTES_A_TOKEN : IMAGE_TOKENS;
  }
}
