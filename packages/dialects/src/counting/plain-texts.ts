import { isObject, type Json, type JsonObject } from '../neutral/read-json.ts';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant']);

/**
 * Returns the texts of a request in OpenAI's dialect that consists of plain messages, so that nothing else has to be counted.
 * Undefined for any other request. Most requests are plain, and the neutral form takes ten times as long.
 */
export function plainTexts(body: JsonObject): readonly string[] | undefined {
  const { messages, tools, functions } = body;
  if (!Array.isArray(messages) || tools !== undefined || functions !== undefined) return undefined;
  const texts: string[] = [];
  for (const message of messages as readonly Json[]) {
    const text = plainText(message);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function plainText(message: Json): string | undefined {
  if (!isObject(message) || !ROLES.has(message['role'])) return undefined;
  for (const name in message) if (name !== 'role' && name !== 'content') return undefined;
  const { content } = message;
  return typeof content === 'string' ? content : undefined;
}
