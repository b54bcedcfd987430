import { asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Part } from '../neutral/request.ts';
import { tagSignature } from '../neutral/sealed.ts';

/** Reads one block of a model's message. */
export function readText(block: JsonObject): Part[] {
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
    const encrypted = tagSignature('bedrock-converse', redacted);
    return encrypted === undefined ? [] : [{ type: 'reasoning', text: '', encrypted }];
  }
  const reasoning = content['reasoningText'];
  const signature = tagSignature('bedrock-converse', asString(member(reasoning, 'signature')));
  const text = asString(member(reasoning, 'text')) ?? '';
  return [{ type: 'reasoning', text, signature }];
}

/** Returns whether a block is a cache breakpoint, which is a separate block here, after the marked one. */
export const isCachePoint = (block: Json): boolean => isObject(member(block, 'cachePoint'));
