import type { Message, NeutralRequest, Part } from '../neutral/request.ts';

/** What tokenizers take of English and code, and of scripts whose letters are longer in UTF-8, a little on the safe side. */
const BYTES_A_TOKEN = 3.5;
/** What a message, a tool and the beginning of an answer take for themselves. */
const MESSAGE_TOKENS = 4;
const TOOL_TOKENS = 12;
/** A picture of the size that most models scale to. */
const IMAGE_TOKENS = 1_600;
/** A second of sound is 32 tokens and about 4 KB as MP3; a page of a document about 1,600 tokens and 50 KB. */
const MEDIA_BYTES_A_TOKEN = 32;

/**
 * About how many tokens a prompt is, for providers that cannot say. Text is counted by its bytes, too much rather than too little.
 */
export function estimateTokens({ messages, tools }: NeutralRequest): number {
  const ofMessages = messages.reduce((sum, message) => sum + MESSAGE_TOKENS + ofParts(message.parts), 0);
  const ofTools = (tools ?? []).reduce((sum, tool) => sum + TOOL_TOKENS + ofText(JSON.stringify(tool)), 0);
  return Math.ceil(ofMessages + ofTools);
}

const ofParts = (parts: Message['parts']): number => parts.reduce((sum, part) => sum + ofPart(part), 0);

function ofPart(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return ofText(part.text);
    case 'tool_call':
      return TOOL_TOKENS + ofText(part.name) + ofText(part.arguments);
    case 'tool_result':
      return TOOL_TOKENS + ofParts(part.parts);
    case 'image':
      return IMAGE_TOKENS;
    case 'audio':
    case 'file':
      return part.source.kind === 'base64' ? (part.source.data.length * 3) / 4 / MEDIA_BYTES_A_TOKEN : IMAGE_TOKENS;
  }
}

const ofText = (text: string): number => Buffer.byteLength(text) / BYTES_A_TOKEN;
