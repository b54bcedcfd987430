import { defined, type Usage } from '@sluice/core';
import { type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { UsageCounts } from '../neutral/usage-counts.ts';

/**
 * Reads Bedrock's `usage`; undefined without one. Bedrock's `inputTokens` excludes tokens that were read from or written to the
 * prompt cache; the result includes them. An invalid count is 0, and is named in `issue`.
 */
export function readUsage(usage: Json): Usage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const counts = new UsageCounts();
  const input = counts.input(member(usage, 'inputTokens'));
  const read = counts.part(member(usage, 'cacheReadInputTokens'));
  const written = counts.part(member(usage, 'cacheWriteInputTokens'));
  return counts.usage(
    defined({
      inputTokens: input + (read ?? 0) + (written ?? 0),
      outputTokens: counts.output(member(usage, 'outputTokens')),
      cachedInputTokens: read,
      cacheWriteTokens: written,
    }),
  );
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
