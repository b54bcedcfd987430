import { asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Part } from '../neutral/request.ts';
import { seal } from '../neutral/sealed.ts';

/** What a model said in one block. */
export function readSaid(block: JsonObject): Part[] {
  const { text, toolUse, reasoningContent } = block;
  if (typeof text === 'string') return text === '' ? [] : [{ type: 'text', text }];
  if (isObject(toolUse)) {
    return [
      {
        type: 'tool_call',
        id: asString(toolUse['toolUseId']) ?? '',
        name: asString(toolUse['name']) ?? '',
        arguments: JSON.stringify(toolUse['input'] ?? {}),
      },
    ];
  }
  return isObject(reasoningContent) ? readReasoning(reasoningContent) : [];
}

function readReasoning(content: JsonObject): Part[] {
  const redacted = asString(content['redactedContent']);
  if (redacted !== undefined) {
    const encrypted = seal('bedrock-converse', redacted);
    return encrypted === undefined ? [] : [{ type: 'reasoning', text: '', encrypted }];
  }
  const thought = content['reasoningText'];
  const signature = seal('bedrock-converse', asString(member(thought, 'signature')));
  const text = asString(member(thought, 'text')) ?? '';
  return [{ type: 'reasoning', text, ...(signature === undefined ? {} : { signature }) }];
}

/** "Keep the prompt up to here in your cache" is a block of its own here, after what it marks. */
export const isCachePoint = (block: Json): boolean => isObject(member(block, 'cachePoint'));
