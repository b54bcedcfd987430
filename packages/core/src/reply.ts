import type { Failure } from './failure.ts';
import type { RealtimeSession } from './realtime.ts';
import type { ReplyStream } from './reply-stream.ts';
import type { Usage } from './usage.ts';

interface ReplyHead {
  /** An HTTP status. A provider's own refusal of a bad request is a reply, not an error. */
  readonly status: number;
  readonly contentType: string;
  /** Other headers of the provider that a client may want, lower-cased. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a provider's refusal: what it means for what is tried next. */
  readonly failure?: Failure;
}

/** An answer in one piece. */
export interface WholeReply extends ReplyHead {
  readonly body: Uint8Array;
  /** It has no content, and is never cached. */
  readonly empty?: true;
  readonly usage?: Usage;
  /** About how many tokens the answer has, by its length: where the provider did not say, or not so that it can be believed. */
  readonly generated?: number;
}

/** An answer that comes piece by piece. */
export interface StreamedReply extends ReplyHead {
  readonly stream: ReplyStream;
  /** Of an accepted realtime session, whose messages are not in the stream: the stream only ends when the session does. */
  readonly session?: RealtimeSession;
}

export type LlmReply = WholeReply | StreamedReply;

export function isStreamed(reply: LlmReply): reply is StreamedReply {
  return 'stream' in reply;
}
