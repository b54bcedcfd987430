import { defined } from '@sluice/core';
import type { ChatCompletion } from 'openai/resources/chat/completions/completions';
import type { ReplyContext } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import type { Part } from '../neutral/request.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { reasoningMembers, writeAnnotations, writeAudio, writeImage, writeLogprobs, writeToolCall } from './write-parts.ts';

export function writeReply(reply: NeutralReply, context: ReplyContext): JsonObject {
  return defined({
    id: `chatcmpl-${reply.id === '' ? context.id : reply.id}`,
    object: 'chat.completion',
    created: reply.createdS ?? context.createdS,
    model: context.model,
    choices: reply.choices.map(({ parts, finish, logprobs }, index) => ({
      index,
      message: writeMessage(parts, context),
      logprobs: logprobs === undefined ? null : { content: writeLogprobs(logprobs), refusal: null },
      finish_reason: writeFinish(finish),
    })),
    usage: reply.usage === undefined ? undefined : writeUsage(reply.usage),
    service_tier: reply.serviceTier,
  }) satisfies Partial<Record<keyof ChatCompletion, unknown>>;
}

function writeMessage(parts: readonly Part[], context: ReplyContext): JsonObject {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const refusal = parts.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
  const calls = parts.filter((part) => part.type === 'tool_call');
  const images = parts.filter((part) => part.type === 'image');
  const citations = parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : []));
  const [audio] = parts.filter((part) => part.type === 'audio');
  return defined({
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '' || audio !== undefined) ? null : text,
    refusal: refusal === '' ? null : refusal,
    annotations: citations.length === 0 ? undefined : writeAnnotations(citations),
    ...reasoningMembers(parts),
    audio: audio === undefined ? undefined : writeAudio(audio.source, context),
    images: images.length === 0 ? undefined : images.map(({ source }, index) => writeImage(source, index)),
    tool_calls: calls.length === 0 ? undefined : calls.map(writeToolCall),
  });
}
