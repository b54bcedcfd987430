import type { Usage } from '@sluice/core';
import type { ResponseUsage } from 'openai/resources/responses/responses';
import { asCount, defined, type Json, member } from '../neutral/read-json.ts';

export function readUsage(usage: Json): Usage | undefined {
  const inputTokens = asCount(member(usage, 'input_tokens'));
  if (inputTokens === undefined) return undefined;
  const details = member(usage, 'input_tokens_details');
  return defined({
    inputTokens,
    outputTokens: asCount(member(usage, 'output_tokens')) ?? 0,
    cachedInputTokens: asCount(member(details, 'cached_tokens')),
    cacheWriteTokens: asCount(member(details, 'cache_write_tokens')),
    reasoningTokens: asCount(member(member(usage, 'output_tokens_details'), 'reasoning_tokens')),
  });
}

export function writeUsage(usage: Usage) {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens ?? 0, cache_write_tokens: cacheWriteTokens ?? 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: inputTokens + outputTokens,
  } satisfies ResponseUsage;
}
