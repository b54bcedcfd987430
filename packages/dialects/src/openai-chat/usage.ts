import type { Usage } from '@sluice/core';
import type { CompletionUsage } from 'openai/resources/completions';
import { asCount, defined, member } from '../neutral/read-json.ts';

/** OpenAI's `usage` object, of chat, completions and embeddings alike; undefined where it is missing or makes no sense. */
export function readUsage(usage: unknown): Usage | undefined {
  const inputTokens = asCount(member(usage, 'prompt_tokens'));
  if (inputTokens === undefined) return undefined;
  const details = member(usage, 'prompt_tokens_details');
  const written = member(usage, 'completion_tokens_details');
  const completion = asCount(member(usage, 'completion_tokens')) ?? 0;
  const reasoning = asCount(member(written, 'reasoning_tokens')) ?? 0;
  // some (xAI) do not count thoughts among the completion: the total tells
  const apart = asCount(member(usage, 'total_tokens')) === inputTokens + completion + reasoning;
  return defined({
    inputTokens,
    outputTokens: apart ? completion + reasoning : completion,
    cachedInputTokens: asCount(member(details, 'cached_tokens')),
    cacheWriteTokens: asCount(member(details, 'cache_write_tokens')),
    reasoningTokens: asCount(member(written, 'reasoning_tokens')),
    audioInputTokens: asCount(member(details, 'audio_tokens')),
    audioOutputTokens: asCount(member(written, 'audio_tokens')),
  });
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
