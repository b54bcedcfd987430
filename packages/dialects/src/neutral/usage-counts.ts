import type { Usage, UsageIssue, UsageIssueReason } from '@sluice/core';
import { asCount, asString, defined, type Json } from './read-json.ts';

/**
 * More tokens than one call can have. The largest contexts are of ten million tokens (Llama 4 Scout) and a call has at most some hundred choices or prompts, so
 * that a count beyond a thousand million is a provider's mistake.
 */
const MOST_TOKENS = 1_000_000_000;

/** Reads the counts of a provider's `usage`, and notes what is wrong with them. */
export class UsageCounts {
  #reason: UsageIssueReason | undefined;
  #input = false;
  #output = false;

  /** A number of prompt tokens that has to be there. */
  input(value: Json): number {
    const count = this.#count(value);
    if (count === undefined) this.#input = true;
    return count ?? 0;
  }

  /** A number of completion tokens that has to be there. */
  output(value: Json): number {
    const count = this.#count(value);
    if (count === undefined) this.#output = true;
    return count ?? 0;
  }

  /** A part, which a provider may leave away. A part that makes no sense leaves the whole as it is. */
  part(value: Json): number | undefined {
    return value === undefined || value === null ? undefined : this.#count(value);
  }

  /** The usage, without parts that are more than their whole. */
  usage(counts: Omit<Usage, 'issue'>): Usage {
    const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, audioInputTokens = 0 } = counts;
    const { cacheWriteHourTokens = 0, reasoningTokens = 0, audioOutputTokens = 0, webSearches } = counts;
    const whole = cachedInputTokens + cacheWriteTokens <= inputTokens && audioInputTokens <= inputTokens;
    const parts =
      cacheWriteHourTokens <= cacheWriteTokens && reasoningTokens <= outputTokens && audioOutputTokens <= outputTokens;
    if (whole && parts) return this.#with(counts);
    // where a total is missing, nothing can be said of its parts
    if (!this.#input && !this.#output) this.#reason ??= 'implausible';
    return this.#with({ inputTokens, outputTokens, ...(webSearches === undefined ? {} : { webSearches }) });
  }

  #with(counts: Omit<Usage, 'issue'>): Usage {
    const issue: UsageIssue | undefined =
      this.#reason === undefined ? undefined : { reason: this.#reason, input: this.#input, output: this.#output };
    return defined({ ...counts, issue }) as Usage;
  }

  #count(value: Json): number | undefined {
    const count = asCount(value);
    if (count !== undefined && count <= MOST_TOKENS) return count;
    const implausible = typeof value === 'number' && value > MOST_TOKENS;
    this.#reason = implausible ? 'implausible' : (this.#reason ?? 'malformed');
    return undefined;
  }
}

/** A usage that may be shown to a caller; undefined where its counts are not to be trusted. */
export const trusted = (usage: Usage | undefined): Usage | undefined => (usage?.issue === undefined ? usage : undefined);

/** The usage of embeddings, which have prompt tokens alone; undefined where there is none. */
export function inputUsage(value: Json): Usage | undefined {
  if (value === undefined || value === null) return undefined;
  const counts = new UsageCounts();
  return counts.usage({ inputTokens: counts.input(value), outputTokens: 0 });
}

/** Tiers at which a model costs what its price says. */
const STANDARD_TIERS: ReadonlySet<string> = new Set(['', 'default', 'standard', 'auto', 'on_demand']);

/** The service tier of an answer, where that has a price of its own. */
export function specialTier(value: Json): string | undefined {
  const tier = asString(value);
  return tier === undefined || STANDARD_TIERS.has(tier) ? undefined : tier;
}
