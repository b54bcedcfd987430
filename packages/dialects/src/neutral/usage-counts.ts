import { defined, TOKEN_PARTS, type Usage, type UsageIssue, type UsageIssueReason } from '@sluice/core';
import { asCount, asString, type Json } from './read-json.ts';

/**
 * Upper bound of one call's tokens. The largest contexts have ten million tokens (Llama 4 Scout) and a call has at most some
 * hundred choices or prompts, so a count beyond a thousand million is a provider's mistake.
 */
const MOST_TOKENS = 1_000_000_000;

/** Reads the counts of a provider's `usage`, and records what is invalid. */
export class UsageCounts {
  #reason: UsageIssueReason | undefined;
  #input = false;
  #output = false;

  /** Reads a required number of prompt tokens. */
  input(value: Json): number {
    const count = this.#count(value);
    if (count === undefined) this.#input = true;
    return count ?? 0;
  }

  /** Reads a required number of completion tokens. */
  output(value: Json): number {
    const count = this.#count(value);
    if (count === undefined) this.#output = true;
    return count ?? 0;
  }

  /** Reads an optional part. An invalid part does not invalidate the total. */
  part(value: Json): number | undefined {
    return value === undefined || value === null ? undefined : this.#count(value);
  }

  /** Returns the usage, without parts that exceed their total. */
  usage(counts: Omit<Usage, 'issue'>): Usage {
    if (partsFit(counts)) return this.#with(counts);
    // without a total, its parts cannot be checked
    if (!this.#input && !this.#output) this.#reason ??= 'implausible';
    const { inputTokens, outputTokens, webSearches } = counts;
    return this.#with({ inputTokens, outputTokens, ...defined({ webSearches }) });
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

/** Returns whether no part exceeds its total. Audio may also be in a cached part; other parts of a total are disjoint. */
function partsFit(counts: Omit<Usage, 'issue'>): boolean {
  const { inputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = counts;
  if (cachedInputTokens + cacheWriteTokens > inputTokens) return false;
  return TOKEN_PARTS.every(({ field, partOf }) => (counts[field] ?? 0) <= (counts[partOf] ?? 0));
}

/** Returns a usage that may be shown to a client; undefined if its counts are untrustworthy. */
export const trusted = (usage: Usage | undefined): Usage | undefined => (usage?.issue === undefined ? usage : undefined);

/** Returns the usage of embeddings, which have only prompt tokens; undefined without usage. */
export function inputUsage(value: Json): Usage | undefined {
  if (value === undefined || value === null) return undefined;
  const counts = new UsageCounts();
  return counts.usage({ inputTokens: counts.input(value), outputTokens: 0 });
}

/** Tiers with a model's standard price. */
const STANDARD_TIERS: ReadonlySet<string> = new Set(['', 'default', 'standard', 'auto', 'on_demand']);

/** Returns a response's service tier if it has its own price. */
export function specialTier(value: Json): string | undefined {
  const tier = asString(value);
  return tier === undefined || STANDARD_TIERS.has(tier) ? undefined : tier;
}
