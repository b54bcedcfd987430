import type { LlmCall, LlmError, LlmReply } from '@sluice/core';
import type { AnswerReader } from './answers/answer-reader.ts';
import type { DrainPool } from './drain-pool.ts';
import type { Redaction } from './redaction.ts';

export interface ExchangeOptions {
  readonly call: LlmCall;
  /** The provider's name, for messages. */
  readonly provider: string;
  readonly answer: AnswerReader;
  /** Names of the provider's headers that a client may see. */
  readonly passedHeaders: readonly string[];
  /** Maximum size of a complete answer. A longer one is refused. */
  readonly maxAnswerBytes: number;
  /** Maximum size of an event. A longer one ends its stream. */
  readonly maxEventBytes: number;
  /** Longest gap between chunks after the content has begun, in ms. Undefined if only the connection's limit applies. */
  readonly stallMs?: number | undefined;
  /** Returns the redaction for errors. Called only if the answer contains one. */
  readonly redaction: () => Redaction;
  /** Drains streams after their clients have disconnected. */
  readonly drainPool?: DrainPool | undefined;
  readonly resolve: (reply: LlmReply) => void;
  readonly reject: (error: LlmError) => void;
}
