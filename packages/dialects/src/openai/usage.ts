import type { Usage } from '@sluice/core';

const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** OpenAI's `usage` object, of chat, completions and embeddings alike; undefined where it is missing or makes no sense. */
export function readUsage(usage: unknown): Usage | undefined {
  const inputTokens = count(member(usage, 'prompt_tokens'));
  if (inputTokens === undefined) return undefined;
  const cached = count(member(member(usage, 'prompt_tokens_details'), 'cached_tokens'));
  const reasoning = count(member(member(usage, 'completion_tokens_details'), 'reasoning_tokens'));
  return {
    inputTokens,
    outputTokens: count(member(usage, 'completion_tokens')) ?? 0,
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
  };
}
