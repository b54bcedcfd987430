import { defined, type Usage } from '@sluice/core';
import type { CompletionUsage } from 'openai/resources/completions';
import { asCount, type Json, member } from '../neutral/read-json.ts';
import { specialTier, UsageCounts } from '../neutral/usage-counts.ts';

/** Reads the cached tokens: in OpenAI's details, at the top of `usage` (Moonshot), or under DeepSeek's name. */
const cachedOf = (usage: Json, details: Json): Json =>
  member(details, 'cached_tokens') ?? member(usage, 'cached_tokens') ?? member(usage, 'prompt_cache_hit_tokens');

/**
 * Reads OpenAI's `usage` object of chat completions and completions; undefined without one. An invalid count is 0, and is named
 * in `issue`.
 *
 * @param answers whether the response has completion tokens: embeddings have none
 * @param serviceTier the response's tier, which is next to its usage
 */
export function readUsage(usage: Json, answers = true, serviceTier?: Json): Usage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const counts = new UsageCounts();
  const inputTokens = counts.input(member(usage, 'prompt_tokens'));
  const details = member(usage, 'prompt_tokens_details');
  const written = member(usage, 'completion_tokens_details');
  const completion = answers ? counts.output(member(usage, 'completion_tokens')) : 0;
  const reasoningTokens = counts.part(member(written, 'reasoning_tokens'));
  // some providers (xAI) do not include reasoning in the completion tokens, which the total shows
  const apart = asCount(member(usage, 'total_tokens')) === inputTokens + completion + (reasoningTokens ?? 0);
  return counts.usage(
    defined({
      inputTokens,
      outputTokens: apart ? completion + (reasoningTokens ?? 0) : completion,
      cachedInputTokens: counts.part(cachedOf(usage, details)),
      cacheWriteTokens: counts.part(member(details, 'cache_write_tokens')),
      reasoningTokens,
      audioInputTokens: counts.part(member(details, 'audio_tokens')),
      audioOutputTokens: counts.part(member(written, 'audio_tokens')),
      serviceTier: specialTier(serviceTier),
    }),
  );
}

export function writeUsage(usage: Usage) {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const { audioInputTokens, audioOutputTokens } = usage;
  const read = cachedInputTokens !== undefined || cacheWriteTokens !== undefined || audioInputTokens !== undefined;
  const written = reasoningTokens !== undefined || audioOutputTokens !== undefined;
  return defined({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: read
      ? defined({
          cached_tokens: cachedInputTokens ?? 0,
          cache_write_tokens: cacheWriteTokens,
          audio_tokens: audioInputTokens,
        })
      : undefined,
    completion_tokens_details: written
      ? defined({ reasoning_tokens: reasoningTokens ?? 0, audio_tokens: audioOutputTokens })
      : undefined,
  }) satisfies CompletionUsage;
}
