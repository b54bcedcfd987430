import type { Usage } from '@sluice/core';
import type { CompletionUsage } from 'openai/resources/completions';
import { asCount, defined, type Json, member } from '../neutral/read-json.ts';
import { specialTier, UsageCounts } from '../neutral/usage-counts.ts';

/** Counts that some providers give beside OpenAI's: Moonshot at the top of `usage`, DeepSeek by its own name. */
const cachedOf = (usage: Json, details: Json): Json =>
  member(details, 'cached_tokens') ?? member(usage, 'cached_tokens') ?? member(usage, 'prompt_cache_hit_tokens');

/**
 * Reads OpenAI's `usage` object, of chat and completions; undefined where there is none. A count that cannot be used is 0, and named in `issue`.
 *
 * @param answers whether there is an answer with tokens of its own: embeddings have none
 * @param serviceTier as the answer has it, beside its usage
 */
export function readUsage(usage: Json, answers = true, serviceTier?: Json): Usage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const counts = new UsageCounts();
  const inputTokens = counts.input(member(usage, 'prompt_tokens'));
  const details = member(usage, 'prompt_tokens_details');
  const written = member(usage, 'completion_tokens_details');
  const completion = answers ? counts.output(member(usage, 'completion_tokens')) : 0;
  const reasoningTokens = counts.part(member(written, 'reasoning_tokens'));
  // some (xAI) do not count reasoning among the completion: the total tells
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
