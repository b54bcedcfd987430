import { joinedTurns, type Message, type NeutralRequest, type Part } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

/** Orders messages by the rules of the model for roles. */
export function shapeTurns(request: NeutralRequest, { profile: { roles } }: Shaping): NeutralRequest {
  const placed = roles.system === 'first' ? systemFirst(request.messages) : request.messages;
  const begun = roles.userFirst ? userFirst(placed) : placed;
  // a system message that became a user message may be adjacent to another
  const joined = roles.alternate || roles.system === 'first' ? joinedTurns(begun, ['user']) : begun;
  const ordered = roles.userAfterTool ? joined : joined.flatMap(apart);
  return { ...request, messages: roles.assistantLast ? ordered : userLast(ordered) };
}

const isSystem = ({ role }: Message): boolean => role === 'system' || role === 'developer';

/**
 * Joins the system messages at the front. A later one becomes a user message: moving it to the front would change the beginning
 * of the prompt, and defeat the provider's cache.
 */
function systemFirst(messages: readonly Message[]): Message[] {
  const found = messages.findIndex((message) => !isSystem(message));
  const first = found === -1 ? messages.length : found;
  const parts = messages.slice(0, first).flatMap((message) => message.parts);
  const front: Message[] = parts.length === 0 ? [] : [{ role: messages[0]?.role ?? 'system', parts }];
  return [...front, ...messages.slice(first).map((message) => (isSystem(message) ? asUser(message) : message))];
}

const asUser = ({ parts }: Message): Message => ({
  role: 'user',
  parts: parts.map((part) => (part.type === 'text' ? { ...part, text: `<system>\n${part.text}\n</system>` } : part)),
});

/**
 * Puts a user message to the front, or makes a lone system message a user message. A truncated history begins with the
 * assistant, and a prompt may consist of a system message; Claude and Gemini refuse both.
 */
function userFirst(messages: readonly Message[]): readonly Message[] {
  const first = messages.findIndex((message) => !isSystem(message));
  const last = messages.at(-1);
  if (first === -1 && last !== undefined) return [...messages.slice(0, -1), { ...last, role: 'user' }];
  if (messages[first]?.role !== 'assistant') return messages;
  const opening: Message = { role: 'user', parts: [{ type: 'text', text: '…' }] };
  return [...messages.slice(0, first), opening, ...messages.slice(first)];
}

/** Adds a user message after a final assistant message, for a model that does not continue one. */
function userLast(messages: readonly Message[]): readonly Message[] {
  const last = messages.at(-1);
  if (last?.role !== 'assistant' || last.parts.some(({ type }) => type === 'tool_call')) return messages;
  return [...messages, { role: 'user', parts: [{ type: 'text', text: 'Continue.' }] }];
}

const isResult = (part: Part): boolean => part.type === 'tool_result';

/** Separates user text from preceding results by an assistant message. */
function apart(message: Message): Message[] {
  if (!message.parts.some(isResult)) return [message];
  const results = message.parts.flatMap((part) =>
    part.type === 'tool_result' ? [{ ...part, parts: part.parts.filter(({ type }) => type === 'text') }] : [],
  );
  const media = message.parts.flatMap((part) =>
    part.type === 'tool_result' ? part.parts.filter(({ type }) => type !== 'text') : [],
  );
  const others = [...media, ...message.parts.filter((part) => !isResult(part))];
  if (others.length === 0) return [message];
  return [
    { ...message, parts: results },
    { role: 'assistant', parts: [{ type: 'text', text: 'Done.' }] },
    { ...message, parts: others },
  ];
}
