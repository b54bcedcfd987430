import type { Usage } from '@sluice/core';
import { asCount, defined, type Json, type JsonObject, member } from '../neutral/read-json.ts';

/** Bedrock's `inputTokens` leaves out what was read from the prompt cache and written into it; here all of it counts. */
export function readUsage(usage: Json): Usage | undefined {
  const input = asCount(member(usage, 'inputTokens'));
  if (input === undefined) return undefined;
  const read = asCount(member(usage, 'cacheReadInputTokens'));
  const written = asCount(member(usage, 'cacheWriteInputTokens'));
  return defined({
    inputTokens: input + (read ?? 0) + (written ?? 0),
    outputTokens: asCount(member(usage, 'outputTokens')) ?? 0,
    cachedInputTokens: read,
    cacheWriteTokens: written,
  });
}

export function writeUsage({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens }: Usage): JsonObject {
  return defined({
    inputTokens: Math.max(0, inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0)),
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    cacheReadInputTokens: cachedInputTokens,
    cacheWriteInputTokens: cacheWriteTokens,
  });
}
