import { isObject, type Json, type JsonObject } from '../neutral/read-json.ts';

/** Fields of a chat completion request whose values have no parts that the gateway looks into. */
const SIMPLE: ReadonlySet<string> = new Set([
  'frequency_penalty',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'model',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'reasoning_effort',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'top_logprobs',
  'top_p',
  'user',
  'verbosity',
]);

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant']);

/**
 * Returns whether a chat completion request consists of messages with a role and a text, and of simple fields. It has no tools,
 * files, reasoning or marks of the gateway, so that nothing has to be searched for them.
 */
export function isPlainChat(body: JsonObject): boolean {
  for (const name in body) if (!SIMPLE.has(name)) return false;
  const { messages } = body;
  return Array.isArray(messages) && messages.every(isPlainMessage);
}

/** Returns whether a message has a role and a text, and nothing else. */
export function isPlainMessage(message: Json): message is JsonObject & { readonly content: string } {
  if (!isObject(message) || !ROLES.has(message['role']) || typeof message['content'] !== 'string') return false;
  for (const name in message) if (name !== 'role' && name !== 'content') return false;
  return true;
}
