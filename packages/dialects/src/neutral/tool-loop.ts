import type { DialectName } from '@sluice/core';
import type { NeutralRequest, Part } from './request.ts';
import { untagSignature } from './sealed.ts';

/**
 * Returns whether a call of the current turn was made without reasoning that a provider of this dialect signed. Claude refuses
 * such a turn if it reasons with a budget. Either another provider made the call, or the client did not return the reasoning.
 * Source: Anthropic's documentation, "Extended thinking with tool use".
 */
export function lacksReasoning({ messages }: NeutralRequest, dialect: DialectName): boolean {
  const asked = messages.findLastIndex(({ role, parts }) => role === 'user' && parts.some(({ type }) => type !== 'tool_result'));
  return messages.slice(asked + 1).some(({ role, parts }) => {
    const calls = role === 'assistant' && parts.some(({ type }) => type === 'tool_call');
    return calls && !isSigned(parts[0], dialect);
  });
}

function isSigned(part: Part | undefined, dialect: DialectName): boolean {
  if (part?.type !== 'reasoning') return false;
  const sealed = part.encrypted ?? part.signature;
  return sealed !== undefined && untagSignature(dialect, sealed) !== undefined;
}
