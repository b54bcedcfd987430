import type { FailureKind } from '@sluice/core';

/** Recognises one kind of error of a provider. */
export interface Phrase {
  readonly kind: Extract<FailureKind, 'context_length' | 'content_refused' | 'credentials' | 'model_unavailable'>;
  /** Where it was seen. The list is for all providers: relays hand on each other's errors. */
  readonly provider: string;
  /** Where the phrase comes from: a page of the provider's documentation, or its server's source. */
  readonly source: string;
  /** Exact values of `code`, `type`, `status`, `reason` and similar members at any depth of the error. */
  readonly codes?: readonly string[];
  /** Matches the message. One of `credentials` matches only its beginning: a caller's own text that an error repeats is further on, in quotes. */
  readonly message?: RegExp;
}
