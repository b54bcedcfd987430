import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { readMark } from '../neutral/sealed.ts';
import type { Unmarked } from '../neutral/unmarked.ts';

/**
 * Unwraps Anthropic's own reasoning and removes that from other providers. Reasoning is disabled if a call then lacks the
 * reasoning that a budget requires.
 */
export function unmarkMessages(body: JsonObject): Unmarked {
  const messages = asList(body['messages']).flatMap(unmarkMessage);
  const written = { ...body, messages };
  const budgeted = member(body['thinking'], 'type') === 'enabled';
  if (!budgeted || !lacksThinking(messages)) return { body: written, dropped: [] };
  const { thinking: _thinking, context_management: management, ...rest } = written as JsonObject;
  return { body: { ...rest, ...withoutThinkingEdits(management) }, dropped: ['thinking'] };
}

function unmarkMessage(message: Json): Json[] {
  if (!isObject(message) || !Array.isArray(message['content'])) return [message];
  const content = message['content'].flatMap(unmarkBlock);
  // Anthropic refuses a message without content
  return content.length === 0 ? [] : [{ ...message, content }];
}

function unmarkBlock(block: Json): Json[] {
  const name =
    member(block, 'type') === 'thinking' ? 'signature' : member(block, 'type') === 'redacted_thinking' ? 'data' : undefined;
  if (name === undefined || !isObject(block)) return [block];
  const marked = readMark(asString(block[name]) ?? '');
  if (marked === undefined) return [block];
  return marked.origin === 'anthropic-messages' ? [{ ...block, [name]: marked.data }] : [];
}

/** Ids of calls that Anthropic creates, in its own API and at cloud providers. */
const OWN_CALL = /^(?:srv)?toolu_/;

/**
 * Returns whether a request enables reasoning with a budget after a call that another provider made without reasoning.
 * Anthropic refuses that, and no mark in the request shows it.
 */
export function asksToReasonAmidCalls(body: JsonObject): boolean {
  return member(body['thinking'], 'type') === 'enabled' && lacksThinking(asList(body['messages']), (id) => !OWN_CALL.test(id));
}

/** Returns whether a call of the current turn has no reasoning before it. */
function lacksThinking(messages: readonly Json[], counts: (id: string) => boolean = () => true): boolean {
  const blocksOf = (message: Json): readonly Json[] => asList(member(message, 'content'));
  const asked = messages.findLastIndex((message) => {
    if (member(message, 'role') !== 'user') return false;
    const blocks = blocksOf(message);
    return blocks.length === 0 || blocks.some((block) => member(block, 'type') !== 'tool_result');
  });
  return messages.slice(asked + 1).some((message) => {
    const blocks = blocksOf(message);
    const calls = blocks.filter((block) => member(block, 'type') === 'tool_use');
    const hasReasoning = /thinking$/.test(String(member(blocks[0], 'type')));
    return (
      member(message, 'role') === 'assistant' && !hasReasoning && calls.some((call) => counts(asString(member(call, 'id')) ?? ''))
    );
  });
}

/** Removes edits of reasoning, which Anthropic refuses if reasoning is disabled. */
function withoutThinkingEdits(management: Json): JsonObject {
  if (!isObject(management)) return {};
  const edits = asList(management['edits']).filter((edit) => !/^clear_thinking/.test(asString(member(edit, 'type')) ?? ''));
  return edits.length === 0 ? {} : { context_management: { ...management, edits } };
}
