import { defined, type Usage } from '@sluice/core';
import type { ResponseUsage } from 'openai/resources/responses/responses';
import { asList, type Json, member } from '../neutral/read-json.ts';
import { specialTier, UsageCounts } from '../neutral/usage-counts.ts';

/**
 * Reads the usage of a response, with the searches in its output; undefined without usage. An invalid count is 0, and is named
 * in `issue`.
 */
export function readUsage(response: Json): Usage | undefined {
  const usage = member(response, 'usage');
  if (usage === undefined || usage === null) return undefined;
  const counts = new UsageCounts();
  const details = member(usage, 'input_tokens_details');
  return counts.usage(
    defined({
      inputTokens: counts.input(member(usage, 'input_tokens')),
      outputTokens: counts.output(member(usage, 'output_tokens')),
      cachedInputTokens: counts.part(member(details, 'cached_tokens')),
      cacheWriteTokens: counts.part(member(details, 'cache_write_tokens')),
      reasoningTokens: counts.part(member(member(usage, 'output_tokens_details'), 'reasoning_tokens')),
      webSearches: searchesIn(member(response, 'output')),
      serviceTier: specialTier(member(response, 'service_tier')),
    }),
  );
}

function searchesIn(output: Json): number | undefined {
  return asList(output).filter((item) => member(item, 'type') === 'web_search_call').length || undefined;
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
