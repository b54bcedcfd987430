import type { Clock, DependencyHealth, LlmCall, LlmReply } from '@sluice/core';
import type { CacheEntry, SemanticCounts, SemanticIndex } from '@sluice/store/ports';
import type { ProxyMetrics } from '../../proxy-metrics.ts';

/** The relation of two questions by their words. */
export interface QuestionComparison {
  /** Why the answer to one must not serve the other, whatever their similarity. Undefined if nothing speaks against it. */
  readonly veto: string | undefined;
}

/** Decides whether two responses give the same answer. */
export interface Judge {
  /** Returns undefined if it cannot tell, so that nothing is counted. Never rejects. */
  isSameAnswer(call: LlmCall, served: JudgedResponse, fresh: JudgedResponse): Promise<boolean | undefined>;
}

export interface JudgedResponse {
  readonly question: string;
  readonly entry: CacheEntry;
}

export interface SemanticOptions {
  readonly index: SemanticIndex;
  readonly counts: SemanticCounts;
  /** The model that turns questions into vectors: a model of this gateway. */
  readonly embeddings: { readonly model: string; readonly dimensions: number | undefined };
  /** Returns the comparison of a question with others. */
  readonly comparisonWith: (question: string) => (other: string) => QuestionComparison;
  /** Undefined if only callers judge, by their feedback. */
  readonly judge: Judge | undefined;
  /** Maximum share of wrong answers among those that are served, per bin: 0 to 1. */
  readonly maxErrors: number;
  readonly confidence: number;
  /** Share of answers that are checked although they could be served: 0 to 1. */
  readonly explore: number;
  /** Number of right labels of its own that an entry needs. */
  readonly ownLabels: number;
  readonly maxTurns: number;
  readonly maxTemperature: number;
  /** Maximum wait of a call for the vector of its question, in ms. */
  readonly timeoutMs: number;
  /** Lifetime of a question in the index, in ms. Its response may expire sooner. */
  readonly ttlMs: number;
  /** Makes a call of its own for the same caller. */
  readonly complete: (call: LlmCall) => Promise<LlmReply>;
  readonly random?: () => number;
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'semanticLabels' | 'semanticVetoes' | 'semanticRevocations'>;
  readonly health?: DependencyHealth;
}
