import { defined, type JsonObject } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { Citation, Reasoning, ToolCall } from '../neutral/request.ts';
import { unsealOwn } from '../neutral/sealed.ts';
import { writeAnnotations } from './annotations.ts';

/** An item that is under way has no words yet. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export const textPart = (text: string, citations: readonly Citation[], logprobs: readonly TokenLogprob[]): JsonObject => ({
  type: 'output_text',
  text,
  annotations: writeAnnotations(citations),
  logprobs: writeLogprobs(logprobs),
});

export const refusalPart = (text: string): JsonObject => ({ type: 'refusal', refusal: text });

export const messageItem = (id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject => ({
  id,
  type: 'message',
  status,
  role: 'assistant',
  content,
});

export const callItem = (id: string, status: ItemStatus, call: ToolCall): JsonObject => ({
  id,
  type: 'function_call',
  status,
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
});

export function reasoningItem(id: string, { text, signature, encrypted }: Reasoning): JsonObject {
  const sealed = encrypted ?? signature;
  return defined({
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: sealed === undefined ? undefined : unsealOwn('openai-responses', sealed),
  });
}

export function writeLogprobs(logprobs: readonly TokenLogprob[]): JsonObject[] {
  const one = ({ token, logprob }: { token: string; logprob: number }) => ({ token, logprob, bytes: [...Buffer.from(token)] });
  return logprobs.map((token) => ({ ...one(token), top_logprobs: token.top.map(one) }));
}
