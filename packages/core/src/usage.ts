/** Why a provider's counts could not be used as they are. */
export type UsageIssueReason = 'missing' | 'malformed' | 'implausible';

/** What is wrong with a provider's counts. */
export interface UsageIssue {
  readonly reason: UsageIssueReason;
  /** Whether the number of prompt tokens, or of completion tokens, has to be estimated. */
  readonly input: boolean;
  readonly output: boolean;
}

/** The tokens of one call, as the provider reported them. */
export interface Usage {
  /** Prompt tokens, the cached ones included. */
  readonly inputTokens: number;
  /** Completion tokens, reasoning included. */
  readonly outputTokens: number;
  /** The part of `inputTokens` that the provider read from its own prompt cache. */
  readonly cachedInputTokens?: number;
  /** The part of `inputTokens` that the provider wrote into its prompt cache. */
  readonly cacheWriteTokens?: number;
  /** The part of `cacheWriteTokens` that the provider keeps for an hour, at a higher price (Anthropic). */
  readonly cacheWriteHourTokens?: number;
  /** The part of `outputTokens` that was reasoning. */
  readonly reasoningTokens?: number;
  /** The parts of `inputTokens` and `outputTokens` that were sound. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
  /** Searches that the provider made for the answer, which it bills by number. */
  readonly webSearches?: number;
  /** The service tier that the provider used, where that has a price of its own (`flex`, `priority`). */
  readonly serviceTier?: string;
  /** Set where the counts are not to be trusted: those that could not be read are 0, and have to be estimated. */
  readonly issue?: UsageIssue;
}
