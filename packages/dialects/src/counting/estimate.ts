import type { NeutralReply } from '../neutral/reply.ts';
import type { Message, NeutralRequest, Part } from '../neutral/request.ts';
import { byLength, type TextCounter } from './text-counters.ts';

/** Overhead in tokens of a message, a tool and the beginning of a response. */
const MESSAGE_TOKENS = 4;
const TOOL_TOKENS = 12;
/** Tokens of an image at the size that most models scale to. */
const IMAGE_TOKENS = 1_600;
/** Bytes per token: a second of audio is 32 tokens and about 4 KB as MP3; a document page is about 1,600 tokens and 50 KB. */
const MEDIA_BYTES_A_TOKEN = 32;

/** Estimates the number of tokens of a prompt. `count` counts texts; by default they are estimated by their length. */
export function estimateTokens({ messages, tools }: NeutralRequest, count: TextCounter = byLength): number {
  const ofMessages = messages.reduce((sum, message) => sum + MESSAGE_TOKENS + ofParts(message.parts, count), 0);
  const ofTools = (tools ?? []).reduce((sum, tool) => sum + TOOL_TOKENS + count(JSON.stringify(tool)), 0);
  return Math.ceil(ofMessages + ofTools);
}

/** Estimates the number of tokens of plain messages by their texts, as `estimateTokens` does. */
export function estimateTexts(texts: readonly string[], count: TextCounter): number {
  let tokens = 0;
  // in the order of additions of `estimateTokens`: another order rounds differently
  for (const text of texts) tokens = tokens + MESSAGE_TOKENS + count(text);
  return Math.ceil(tokens);
}

/** Estimates the number of tokens of a reply. */
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
