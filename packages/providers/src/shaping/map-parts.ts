import type { NeutralRequest, Part } from '@sluice/dialects';

/** Replaces each part of each message, and each part of tools' results. */
export function mapParts(request: NeutralRequest, replace: (part: Part) => Part): NeutralRequest {
  const one = (part: Part): Part => {
    const replaced = replace(part);
    return replaced.type === 'tool_result' ? { ...replaced, parts: replaced.parts.map(one) } : replaced;
  };
  return { ...request, messages: request.messages.map((message) => ({ ...message, parts: message.parts.map(one) })) };
}
