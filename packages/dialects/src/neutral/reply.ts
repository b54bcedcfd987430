import type { Usage } from '@sluice/core';
import type { Part } from './request.ts';

/**
 * Why a model stopped.
 *
 * | | OpenAI | Anthropic |
 * |---|---|---|
 * | stop | stop | end_turn |
 * | stop_sequence | stop | stop_sequence |
 * | length | length | max_tokens |
 * | tool_calls | tool_calls | tool_use |
 * | refusal | content_filter | refusal |
 * | pause | stop | pause_turn |
 */
export type FinishReason = 'stop' | 'stop_sequence' | 'length' | 'tool_calls' | 'refusal' | 'pause';

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly top: readonly { readonly token: string; readonly logprob: number }[];
}

export interface Choice {
  readonly parts: readonly Part[];
  readonly finish: FinishReason;
  /** The stop sequence of the request that ended the response. */
  readonly stopSequence?: string | undefined;
  readonly logprobs?: readonly TokenLogprob[] | undefined;
}

/** A whole reply in the neutral form. */
export interface NeutralReply {
  readonly id: string;
  readonly model: string;
  /** Unix time in seconds. */
  readonly createdS?: number | undefined;
  readonly choices: readonly Choice[];
  readonly usage?: Usage | undefined;
  readonly serviceTier?: string;
}
