/** Why a provider's counts were not usable. */
export type UsageIssueReason = 'missing' | 'malformed' | 'implausible';

/** The defect of a provider's counts. */
export interface UsageIssue {
  readonly reason: UsageIssueReason;
  /** Whether the number of prompt tokens, or of completion tokens, has to be estimated. */
  readonly input: boolean;
  readonly output: boolean;
}

/** The tokens of a call, as the provider reported them. */
export interface Usage {
  /** Prompt tokens, including cached tokens. */
  readonly inputTokens: number;
  /** Completion tokens, including reasoning. */
  readonly outputTokens: number;
  /** The part of `inputTokens` that the provider read from its own prompt cache. */
  readonly cachedInputTokens?: number;
  /** The part of `inputTokens` that the provider wrote into its prompt cache. */
  readonly cacheWriteTokens?: number;
  /** The part of `cacheWriteTokens` that the provider caches for an hour, at a higher price (Anthropic). */
  readonly cacheWriteHourTokens?: number;
  /** The part of `outputTokens` that was reasoning. */
  readonly reasoningTokens?: number;
  /** The parts of `inputTokens` and `outputTokens` that were audio. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
  /** Web searches that the provider made for the response and bills by number. */
  readonly webSearches?: number;
  /** The service tier that the provider used, if it has its own price (`flex`, `priority`). */
  readonly serviceTier?: string;
  /** Set if the counts are not reliable. Counts that could not be read are 0 and have to be estimated. */
  readonly issue?: UsageIssue;
}
