import type { Usage } from '@sluice/core';
import { asCount, defined, type JsonObject, member } from '../neutral/read-json.ts';

/** OpenAI's `usage` object, of chat, completions and embeddings alike; undefined where it is missing or makes no sense. */
export function readUsage(usage: unknown): Usage | undefined {
  const inputTokens = asCount(member(usage, 'prompt_tokens'));
  if (inputTokens === undefined) return undefined;
  const details = member(usage, 'prompt_tokens_details');
  return defined({
    inputTokens,
    outputTokens: asCount(member(usage, 'completion_tokens')) ?? 0,
    cachedInputTokens: asCount(member(details, 'cached_tokens')),
    cacheWriteTokens: asCount(member(details, 'cache_write_tokens')),
    reasoningTokens: asCount(member(member(usage, 'completion_tokens_details'), 'reasoning_tokens')),
  });
}

export function writeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const cached = cachedInputTokens !== undefined || cacheWriteTokens !== undefined;
  return defined({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: cached
      ? defined({ cached_tokens: cachedInputTokens ?? 0, cache_write_tokens: cacheWriteTokens })
      : undefined,
    completion_tokens_details: reasoningTokens === undefined ? undefined : { reasoning_tokens: reasoningTokens },
  });
}
