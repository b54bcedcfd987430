import type { DialectName } from '@sluice/core';
import { isObject, type JsonObject } from '@sluice/dialects';
import type { ModelProfile, NameRule } from '../profiles/model-profile.ts';
import { joinedCalls, markedCalls } from './repair-contents.ts';
import { fits, shortName } from './short-name.ts';
import { signedCalls } from './signed-calls.ts';

export interface RepairOptions {
  readonly profile: ModelProfile;
  /** Members of messages that the provider refuses. */
  readonly dropFromMessages?: readonly string[] | undefined;
  /** Whether it refuses the members of OpenAI's answers that clients send back. */
  readonly plainMessages?: boolean | undefined;
  /** Whether it lacks the role `developer`. */
  readonly systemForDeveloper?: boolean | undefined;
  /** Whether it refuses `stream_options`, which some client libraries always add. */
  readonly withoutStreamOptions?: boolean;
  /** Whether the model is a Google model that refuses unsigned calls. */
  readonly requiresSignatures?: boolean;
}

/** Members of OpenAI's answers. A refusal becomes the content. */
const ANSWER_MEMBERS: readonly string[] = ['annotations', 'parsed', 'refusal'];
/** Members that are removed if they are null, as OpenAI writes them in most answers. */
const NULLABLE_MEMBERS: readonly string[] = ['audio', 'function_call'];

/**
 * Repairs a history in the provider's own dialect for parts by another provider that the model certainly refuses: call ids,
 * members of messages, developer messages, calls without reasoning or a signature, a user message after a tool result, parallel
 * calls in separate turns. `stream_options` is removed if the server refuses it. A history without such parts is returned as
 * the same object.
 */
export function repairHistory(dialect: DialectName, body: JsonObject, options: RepairOptions): JsonObject {
  const { callIds } = options.profile;
  switch (dialect) {
    case 'openai-chat':
      return repaired(withStreamOptions(body, options), 'messages', (messages) => {
        const known = changed(messages, (message) => repairMessage(message, options));
        return options.profile.roles.userAfterTool ? known : apart(known);
      });
    case 'anthropic-messages':
      return repaired(body, 'messages', (messages) =>
        changed(messages, (message) =>
          repaired(message, 'content', (blocks) =>
            changed(blocks, (block) => withIds(block, ['id', 'tool_use_id'], isCallBlock, callIds)),
          ),
        ),
      );
    case 'openai-responses':
      return repaired(body, 'input', (items) => changed(items, (item) => withIds(item, ['call_id'], () => true, callIds)));
    case 'gemini':
      return repaired(body, 'contents', (contents) => {
        const known = joinedCalls(contents);
        return options.requiresSignatures === true ? markedCalls(known) : known;
      });
    default:
      return body;
  }
}

/** Replaces a member that is a list, if it changes. */
function repaired(value: JsonObject, name: string, repair: (list: readonly unknown[]) => readonly unknown[]): JsonObject {
  const list = value[name];
  if (!Array.isArray(list)) return value;
  const next = repair(list);
  return next === list ? value : { ...value, [name]: next };
}

/** Replaces members of a list; returns the list itself if none changes. */
function changed(list: readonly unknown[], replace: (value: JsonObject) => JsonObject): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [n, value] of list.entries()) {
    if (!isObject(value)) continue;
    const next = replace(value);
    if (next === value) continue;
    copy ??= [...list];
    copy[n] = next;
  }
  return copy ?? list;
}

const isCallBlock = ({ type }: JsonObject): boolean => type === 'tool_use' || type === 'tool_result';

/** Rewrites refused call ids, equally in calls and results. */
function withIds(
  value: JsonObject,
  names: readonly string[],
  concerns: (value: JsonObject) => boolean,
  rule: NameRule,
): JsonObject {
  if (!concerns(value)) return value;
  let next = value;
  for (const name of names) {
    const id = value[name];
    if (typeof id === 'string' && !fits(id, rule)) next = { ...next, [name]: shortName(id, rule) };
  }
  return next;
}

function withStreamOptions(body: JsonObject, { withoutStreamOptions = false }: RepairOptions): JsonObject {
  if (!withoutStreamOptions || body['stream_options'] === undefined) return body;
  const { stream_options: _, ...rest } = body;
  return rest;
}

/** Removes the members that the provider refuses; returns the message itself if it has none. */
function withoutRefused(message: JsonObject, { dropFromMessages = [], plainMessages = false }: RepairOptions): JsonObject {
  if (!plainMessages && !dropFromMessages.some((name) => name in message)) return message;
  const isRefused = (name: string): boolean =>
    dropFromMessages.includes(name) ||
    (plainMessages && (ANSWER_MEMBERS.includes(name) || (NULLABLE_MEMBERS.includes(name) && message[name] === null)));
  const entries = Object.entries(message);
  const kept = entries.filter(([name]) => !isRefused(name));
  if (kept.length === entries.length) return message;
  const plain = Object.fromEntries(kept);
  return plainMessages && typeof message['refusal'] === 'string'
    ? { ...plain, content: message['content'] ?? message['refusal'] }
    : plain;
}

function repairMessage(message: JsonObject, options: RepairOptions): JsonObject {
  const { profile } = options;
  const { callIds, reasoning } = profile;
  if (message['role'] === 'tool') return withIds(message, ['tool_call_id'], () => true, callIds);
  if (message['role'] === 'developer' && options.systemForDeveloper === true) return { ...message, role: 'system' };
  if (message['role'] !== 'assistant') return message;
  const named = repaired(message, 'tool_calls', (calls) =>
    signedCalls(
      changed(calls, (call) => withIds(call, ['id'], () => true, callIds)),
      profile,
    ),
  );
  const plain = withoutRefused(named, options);
  const { tool_calls: calls, reasoning_content: text } = plain;
  const lacks = reasoning.returned === 'with_calls' && Array.isArray(calls) && calls.length > 0 && (text ?? '') === '';
  return lacks ? { ...plain, reasoning_content: ' ' } : plain;
}

/** Inserts an assistant message between a tool result and a user message. */
function apart(messages: readonly unknown[]): readonly unknown[] {
  const roleOf = (value: unknown): unknown => (isObject(value) ? value['role'] : undefined);
  const meets = (n: number): boolean => roleOf(messages[n]) === 'user' && roleOf(messages[n - 1]) === 'tool';
  if (!messages.some((_, n) => meets(n))) return messages;
  return messages.flatMap((message, n) => (meets(n) ? [{ role: 'assistant', content: 'Done.' }, message] : [message]));
}
