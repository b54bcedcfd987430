import type { DialectName } from './dialect-name.ts';
import type { RealtimeRequest } from './realtime.ts';

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
  /** A request for a session of messages both ways. */
  readonly realtime?: RealtimeRequest;
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
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Which of the provider's routes, as a label. */
  readonly route: string;
  /** Whose route it is: only a provider that speaks one of these answers. Any provider that has the route, if not given. */
  readonly dialects?: readonly DialectName[];
  /** Below the provider's base address, with the caller's query but for a key in it. */
  readonly path: string;
  /** What stands in front of the base address's path (`/upload`). */
  readonly above?: string;
  /** Further headers of the request, as names and values. */
  readonly headers?: readonly string[];
  /** Headers of the answer that the caller may have beside the usual ones. */
  readonly passedHeaders?: readonly string[];
  /** Of a route about objects of the provider's account. */
  readonly account?: AccountRoute;
  /** Whether the provider bills it, and the answer does not tell how much. */
  readonly billed?: boolean;
  readonly contentType: string | undefined;
  /** In bytes, where the caller said it. */
  readonly contentLength: number | undefined;
  /** Undefined where the bytes are held, or where there are none. */
  readonly body: UnreadBody | undefined;
  /** Of a question about a response in the background: how many tokens of its prompt were billed when it was begun. */
  readonly background?: { readonly billedInputTokens: number } | undefined;
  /** The provider that it must go to: the caller's choice, or the one that made the objects that it names. */
  readonly provider: string | undefined;
  /** The same request without its model: a model that is not configured is one of the provider that answers the route, under its own name. */
  readonly unnamed?: RequestMessage;
  /** What of it changes with the provider's own name of the model, where the model's name is not in held bytes. */
  forModel?(model: string): Partial<Pick<UnreadRequest, 'path' | 'body' | 'contentLength'>>;
}

/** What a request does with objects of a provider's account (files, batches, …). */
export interface AccountRoute {
  readonly action: 'list' | 'create' | 'read' | 'delete' | 'content';
  /** The object in the path, as the provider names it; undefined for a list or a new one. */
  readonly id: string | undefined;
  /** Whether the path names something within the object. */
  readonly within: boolean;
  /** What lists look like. */
  readonly form: 'openai' | 'anthropic' | 'gemini';
}

/** A message that could not be read: looking at it throws. */
export function unreadableMessage(error: Error): RequestMessage {
  const refuse = (): never => {
    throw error;
  };
  return { bytes: new Uint8Array(0), view: refuse, json: refuse, forUpstream: refuse };
}
