import type { Json, JsonObject } from '../neutral/read-json.ts';
import { isPlainMessage } from '../openai-chat/plain-request.ts';

/**
 * Returns the texts of a request in OpenAI's dialect that consists of plain messages, so that nothing else has to be counted.
 * Undefined for any other request. Most requests are plain, and the neutral form takes ten times as long.
 */
export function plainTexts(body: JsonObject): readonly string[] | undefined {
  const { messages, tools, functions } = body;
  if (!Array.isArray(messages) || tools !== undefined || functions !== undefined) return undefined;
  const texts: string[] = [];
  for (const message of messages as readonly Json[]) {
    if (!isPlainMessage(message)) return undefined;
    texts.push(message.content);
  }
  return texts;
}
