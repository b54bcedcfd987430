import type { Failure } from './failure.ts';
import type { RealtimeSession } from './realtime.ts';
import type { ReplyStream } from './reply-stream.ts';
import type { Usage } from './usage.ts';

interface ReplyHead {
  /** HTTP status. A provider's own refusal of an invalid request is a reply, not an error. */
  readonly status: number;
  readonly contentType: string;
  /** Other response headers of the provider that may be useful to a client, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Set for a provider's refusal: it decides which target is tried next. */
  readonly failure?: Failure;
}

/** A response in one piece. */
export interface WholeReply extends ReplyHead {
  readonly body: Uint8Array;
  /** The response has no content and is never cached. */
  readonly empty?: true | undefined;
  readonly usage?: Usage | undefined;
  /** Estimated output tokens, by the length of the response. Set if the provider reported no count, or an implausible one. */
  readonly generated?: number | undefined;
}

/** A streamed response. */
export interface StreamedReply extends ReplyHead {
  readonly stream: ReplyStream;
  /** Set for an accepted realtime session. The stream carries no messages; it only ends when the session ends. */
  readonly session?: RealtimeSession;
}

export type LlmReply = WholeReply | StreamedReply;

export function isStreamed(reply: LlmReply): reply is StreamedReply {
  return 'stream' in reply;
}
