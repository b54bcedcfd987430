import type { Usage as Wire } from '@anthropic-ai/sdk/resources/messages/messages';
import { defined, type Usage } from '@sluice/core';
import { isObject, type Json, member } from '../neutral/read-json.ts';
import { specialTier, UsageCounts } from '../neutral/usage-counts.ts';

/**
 * Reads Anthropic's `usage`; undefined without one. Anthropic's `input_tokens` excludes tokens that were read from or written
 * to the prompt cache; the result includes them. An invalid count is 0, and is named in `issue`.
 */
export function readUsage(usage: Json): Usage | undefined {
  if (usage === undefined || usage === null || (isObject(usage) && Object.keys(usage).length === 0)) return undefined;
  const counts = new UsageCounts();
  const input = counts.input(member(usage, 'input_tokens'));
  const read = counts.part(member(usage, 'cache_read_input_tokens'));
  const written = counts.part(member(usage, 'cache_creation_input_tokens'));
  return counts.usage(
    defined({
      inputTokens: input + (read ?? 0) + (written ?? 0),
      outputTokens: counts.output(member(usage, 'output_tokens')),
      cachedInputTokens: read,
      cacheWriteTokens: written,
      cacheWriteHourTokens: counts.part(member(member(usage, 'cache_creation'), 'ephemeral_1h_input_tokens')) || undefined,
      reasoningTokens: counts.part(member(member(usage, 'output_tokens_details'), 'thinking_tokens')),
      serviceTier: specialTier(member(usage, 'service_tier')),
      webSearches: counts.part(member(member(usage, 'server_tool_use'), 'web_search_requests')) || undefined,
    }),
  );
}

export function writeUsage(usage: Usage) {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens } = usage;
  return defined({
    input_tokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
    output_tokens_details: reasoningTokens === undefined ? undefined : { thinking_tokens: reasoningTokens },
  }) satisfies Partial<Wire>;
}
