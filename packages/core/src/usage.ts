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
  /** The part of `outputTokens` that was reasoning. */
  readonly reasoningTokens?: number;
  /** The parts of `inputTokens` and `outputTokens` that were sound. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
}
