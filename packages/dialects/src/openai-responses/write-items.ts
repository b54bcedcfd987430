import { defined } from '@sluice/core';
import type {
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseOutputRefusal,
  ResponseOutputText,
  ResponseReasoningItem,
} from 'openai/resources/responses/responses';
import { imageUrl } from '../neutral/image-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { Citation, MediaSource, Reasoning, ToolCall } from '../neutral/request.ts';
import { untagOwnSignature } from '../neutral/sealed.ts';
import { writeAnnotations } from './annotations.ts';
import { toolOfForm } from './client-tools.ts';
import { nameParts } from './namespaces.ts';

/** Status of an item; an `in_progress` item has no content yet. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export const textPart = (text: string, citations: readonly Citation[], logprobs: readonly TokenLogprob[]) =>
  ({
    type: 'output_text',
    text,
    annotations: writeAnnotations(citations),
    logprobs: writeLogprobs(logprobs),
  }) satisfies ResponseOutputText;

export const refusalPart = (text: string) => ({ type: 'refusal', refusal: text }) satisfies ResponseOutputRefusal;

export type MessagePart = ReturnType<typeof textPart> | ReturnType<typeof refusalPart>;

export const messageItem = (id: string, status: ItemStatus, content: MessagePart[]) =>
  ({
    id,
    type: 'message',
    status,
    role: 'assistant',
    content,
  }) satisfies ResponseOutputMessage;

/** Writes a call in the form that the client offered its tool in. */
export function callItem(id: string, status: ItemStatus, call: ToolCall): JsonObject {
  if (call.form !== undefined) {
    const { call: type, write } = toolOfForm(call.form);
    return { id, type, status, call_id: call.id, ...write(call) };
  }
  return {
    id,
    type: 'function_call',
    status,
    call_id: call.id,
    ...nameParts(call.name),
    arguments: call.arguments,
  } satisfies ResponseFunctionToolCall;
}

/** Returns the prefix of the id of a call's item. */
export const prefixOf = ({ form }: Pick<ToolCall, 'form'>): string => (form === undefined ? 'fc' : toolOfForm(form).idPrefix);

export function reasoningItem(id: string, { text, signature, encrypted }: Reasoning) {
  const sealed = encrypted ?? signature;
  return defined({
    id,
    type: 'reasoning' as const,
    summary: text === '' ? [] : [{ type: 'summary_text' as const, text }],
    encrypted_content: sealed === undefined ? undefined : untagOwnSignature('openai-responses', sealed),
  }) satisfies ResponseReasoningItem;
}

/** Writes a generated image as an item of OpenAI's image tool. */
export const imageItem = (id: string, source: MediaSource) => ({
  id,
  type: 'image_generation_call' as const,
  status: 'completed' as const,
  result: source.kind === 'base64' ? source.data : imageUrl(source),
  ...(source.kind === 'base64' ? { output_format: source.mediaType.replace(/^image\//, '') } : {}),
});

export function writeLogprobs(logprobs: readonly TokenLogprob[]): ResponseOutputText.Logprob[] {
  const one = ({ token, logprob }: { token: string; logprob: number }) => ({ token, logprob, bytes: [...Buffer.from(token)] });
  return logprobs.map((token) => ({ ...one(token), top_logprobs: token.top.map(one) }));
}
