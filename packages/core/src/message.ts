/** What the proxies need to know of a request, whatever its dialect. */
export interface RequestView {
  /** The model that the client asked for. Empty for operations without one. */
  readonly model: string;
  /** Whether the answer is to come as a stream of events. */
  readonly stream: boolean;
  /** Whether the client itself asked for usage in its stream. */
  readonly wantsStreamUsage: boolean;
  /** The most tokens that the answer may have, all choices together; undefined where the caller sets no limit. */
  readonly maxOutputTokens?: number | undefined;
  /** How many answers are asked for: choices, of each of the prompts; 1 if not given. */
  readonly answers?: number | undefined;
  /** How the caller wants a stream's events told apart; server-sent events if not given. */
  readonly framing?: EventFraming;
}

/** How a stream's events are told apart: as server-sent events, or as the elements of one JSON array that grows (Gemini's other way). */
export type EventFraming = 'sse' | 'json-array';

/** What a provider asks of a request's bytes. */
export interface UpstreamForm {
  /** The provider's own name of the model. */
  readonly model: string;
  /** Ask the provider to report usage in the stream, so that a stream is accounted for like a whole answer. */
  readonly streamUsage: boolean;
  /** The most tokens that each answer may have, where the caller allows more or sets no limit. */
  readonly outputLimit?: number | undefined;
}

/**
 * A request as it came: bytes in a dialect, and a view of them that is made on first need and kept.
 * Bad input shows when it is first looked at, so that it is refused inside the chain, after the key was checked and with an audit record.
 */
export interface RequestMessage {
  readonly bytes: Uint8Array;
  /** What the request's address says and its bytes do not, for dialects that name the model there. A part of what makes two requests the same. */
  readonly address?: string;
  /** A request of a route whose bytes pass unread. */
  readonly unread?: UnreadRequest;
  /** @throws LlmError `invalid_request`, `request_too_large`, `not_found` or `method_not_allowed`, the same one at each call */
  view(): RequestView;
  /** The body as JSON, to be said in another dialect. @throws as `view` */
  json(): Readonly<Record<string, unknown>>;
  /** The same bytes with only what a provider needs changed in place. */
  forUpstream(form: UpstreamForm): Uint8Array;
}

/** Bytes that come and are passed on without being held. */
export type UnreadBody = AsyncIterable<Uint8Array>;

/** A request that is passed on as it is. */
export interface UnreadRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Which of the provider's routes, as a label. */
  readonly route: string;
  /** Below the provider's base address, with the caller's query but for a key in it. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** In bytes, where the caller said it. */
  readonly contentLength: number | undefined;
  /** Undefined where the bytes are held, or where there are none. */
  readonly body: UnreadBody | undefined;
  /** The provider that the caller wants it to go to. */
  readonly provider: string | undefined;
}

/** A message that could not be read: looking at it throws. */
export function unreadableMessage(error: Error): RequestMessage {
  const refuse = (): never => {
    throw error;
  };
  return { bytes: new Uint8Array(0), view: refuse, json: refuse, forUpstream: refuse };
}
