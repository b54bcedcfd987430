import { defined } from '@sluice/core';
import { isObject, type JsonObject, parseJson } from '../neutral/read-json.ts';
import type { Reasoning, ToolCall } from '../neutral/request.ts';

export function writeCall(call: ToolCall): JsonObject {
  const input = parseJson(call.arguments === '' ? '{}' : call.arguments);
  return { toolUse: { toolUseId: call.id, name: call.name, input: isObject(input) ? input : {} } };
}

/** @param open unwraps signatures and encrypted reasoning; returns undefined for those that must not be written */
export function writeReasoning(
  { text, signature, encrypted }: Reasoning,
  open: (sealed: string) => string | undefined,
): JsonObject[] {
  if (encrypted !== undefined) {
    const redactedContent = open(encrypted);
    return redactedContent === undefined ? [] : [{ reasoningContent: { redactedContent } }];
  }
  const own = signature === undefined ? undefined : open(signature);
  return [{ reasoningContent: { reasoningText: defined({ text, signature: own }) } }];
}
