import type { LlmReply } from './reply.ts';
import { ReplyStream } from './reply-stream.ts';
import type { Usage } from './usage.ts';

/** A response that was stored as bytes. */
export interface StoredReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Whether the original response was a stream. */
  readonly streamed: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Usage that the end of a stream reports. */
  readonly usage?: Usage | undefined;
}

/**
 * Returns a stored response as a reply: whole, or a finished stream of one chunk.
 *
 * @example
 * const { contentType, body, streamed } = entry;
 * return replayed({ status: 200, contentType, body, streamed });
 */
export function replayed({ status, contentType, body, streamed, headers = {}, usage }: StoredReply): LlmReply {
  if (!streamed) return { status, contentType, headers, body };
  return { status, contentType, headers, stream: ReplyStream.of(body, { end: 'finished', usage }) };
}
