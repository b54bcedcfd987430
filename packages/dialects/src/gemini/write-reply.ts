import type { Candidate } from '@google/genai';
import { defined } from '@sluice/core';
import type { ReplyContext } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { Choice, NeutralReply } from '../neutral/reply.ts';
import { writeGrounding } from './citations.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { writeLogprobs, writeText } from './write-parts.ts';

export function writeReply(reply: NeutralReply, context: ReplyContext): JsonObject {
  return defined({
    candidates: reply.choices.map(writeCandidate),
    usageMetadata: reply.usage === undefined ? undefined : writeUsage(reply.usage),
    modelVersion: context.model,
    createTime: new Date((reply.createdS ?? context.createdS) * 1_000).toISOString(),
    responseId: reply.id === '' ? context.id : reply.id,
  });
}

function writeCandidate({ parts, finish, logprobs }: Choice, index: number): JsonObject {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const citations = parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : []));
  return defined({
    content: { role: 'model', parts: parts.flatMap(writeText) },
    finishReason: writeFinish(finish),
    index,
    groundingMetadata: writeGrounding(citations, text),
    logprobsResult: logprobs === undefined ? undefined : writeLogprobs(logprobs),
  }) satisfies Partial<Record<keyof Candidate, unknown>>;
}
