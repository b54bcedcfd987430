import { defined, type FailureKind } from '@sluice/core';

/** Pattern of one kind of provider error. */
export interface Phrase {
  readonly kind: Extract<FailureKind, 'context_length' | 'content_refused' | 'auth' | 'model_unavailable'>;
  /** Provider that returned the error. The list applies to all providers, because relays forward each other's errors. */
  readonly provider: string;
  /** Source of the phrase: a page of the provider's documentation, or its server's source code. */
  readonly source: string;
  /** Exact values of `code`, `type`, `status`, `reason` and similar members at any depth of the error. */
  readonly codes?: readonly string[];
  /**
   * Matches the message. A `credentials` pattern matches only the beginning: client text in an error follows later, in quotes.
   */
  readonly message?: RegExp;
}

/** Returns a function that makes the phrases of one kind. */
export const phrasesOf =
  (kind: Phrase['kind']) =>
  (provider: string, source: string, message: RegExp | undefined, codes?: readonly string[]): Phrase => ({
    kind,
    provider,
    source,
    ...defined({ message, codes }),
  });
