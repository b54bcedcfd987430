import type { Usage as Wire } from '@anthropic-ai/sdk/resources/messages/messages';
import type { Usage } from '@sluice/core';
import { asCount, defined, member } from '../neutral/read-json.ts';

/** Anthropic's `usage`: there `input_tokens` leaves out what was read from the prompt cache and written into it; here all of it counts. */
export function readUsage(usage: unknown): Usage | undefined {
  const input = asCount(member(usage, 'input_tokens'));
  if (input === undefined) return undefined;
  const read = asCount(member(usage, 'cache_read_input_tokens'));
  const written = asCount(member(usage, 'cache_creation_input_tokens'));
  const reasoning = asCount(member(member(usage, 'output_tokens_details'), 'thinking_tokens'));
  return defined({
    inputTokens: input + (read ?? 0) + (written ?? 0),
    outputTokens: asCount(member(usage, 'output_tokens')) ?? 0,
    cachedInputTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: reasoning,
  });
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
