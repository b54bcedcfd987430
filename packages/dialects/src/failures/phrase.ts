import type { FailureKind } from '@sluice/core';

/** What an error of a provider is recognised by. */
export interface Phrase {
  readonly kind: Extract<FailureKind, 'context_length' | 'content_refused' | 'credentials' | 'model_unavailable'>;
  /** Where it was seen. The list is for all providers: relays hand on each other's errors. */
  readonly provider: string;
  /** Where the phrase comes from: a page of the provider's documentation, or its server's source. */
  readonly source: string;
  /** Exact values of `code`, `type`, `status`, `reason` and the like, wherever they stand in the error. */
  readonly codes?: readonly string[];
  /** What its words contain, or, of `credentials`, begin with: a caller's own text that an error repeats stands further on, in quotes. */
  readonly words?: RegExp;
}
