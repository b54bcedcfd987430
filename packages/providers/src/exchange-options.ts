import type { LlmCall, LlmError, LlmReply } from '@sluice/core';
import type { AnswerReader } from './answers/answer-reader.ts';
import type { DrainPool } from './drain-pool.ts';
import type { Redaction } from './redaction.ts';

export interface ExchangeOptions {
  readonly call: LlmCall;
  /** The provider's name, for messages. */
  readonly provider: string;
  readonly answer: AnswerReader;
  /** Which of the provider's headers a client may see. */
  readonly passedHeaders: readonly string[];
  /** A longer whole answer is refused. */
  readonly maxAnswerBytes: number;
  /** A longer event of a stream ends it. */
  readonly maxEventBytes: number;
  /** How long a stream may be silent after its content has begun, in ms; undefined where only the connection's own limit holds. */
  readonly stallMs?: number | undefined;
  /** Made for an answer that is an error: what must not be in it. */
  readonly redaction: () => Redaction;
  /** Drains streams after their clients have disconnected. */
  readonly drainPool?: DrainPool | undefined;
  readonly resolve: (reply: LlmReply) => void;
  readonly reject: (error: LlmError) => void;
}
