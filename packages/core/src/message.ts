import type { DialectName } from './dialect-name.ts';
import type { RealtimeRequest } from './realtime.ts';

/** The parts of a request that proxies need, whatever its dialect. */
export interface RequestView {
  /** The requested model. Empty for operations without a model. */
  readonly model: string;
  /** Whether the client requested a stream of events. */
  readonly stream: boolean;
  /** Whether the client itself requested usage in its stream. */
  readonly wantsStreamUsage: boolean;
  /** Maximum number of output tokens, all choices together. Undefined if the request sets no limit. */
  readonly maxOutputTokens?: number | undefined;
  /** Number of requested choices, over all prompts; 1 if not given. */
  readonly answers?: number | undefined;
  /** The framing of the stream's events; server-sent events if not given. */
  readonly framing?: EventFraming;
  /** Whether the request consists of texts and simple fields: it has no tools, files, reasoning or marks of the gateway. */
  readonly isPlain?: boolean;
}

/** The framing of a stream's events: server-sent events, or elements of a growing JSON array (Gemini without `alt=sse`). */
export type EventFraming = 'sse' | 'json-array';

/** What a provider needs changed in a request's bytes. */
export interface UpstreamForm {
  /** The provider's own name of the model. */
  readonly model: string;
  /** Request usage in the stream, so that a stream is accounted for like a whole response. */
  readonly streamUsage: boolean;
  /** Maximum number of output tokens for each choice. Applies if the request allows more or sets no limit. */
  readonly outputLimit?: number | undefined;
}

/** The last message of a conversation of texts, if it is the user's and has a single text. */
export interface Question {
  readonly text: string;
  /** Number of answers of the model before it. */
  readonly turns: number;
  /** Undefined if the request sets none. */
  readonly temperature: number | undefined;
}

/** Parts of a request that a canonical form leaves out. */
export interface LeftOut {
  /** The text of the question. */
  readonly question?: boolean;
}

/**
 * A request as received: bytes in a dialect, and a view of them that is parsed on first use and cached. Parsing is lazy, so
 * that an invalid body is refused inside the chain: after the key was checked, and with an audit record.
 */
export interface RequestMessage {
  readonly bytes: Uint8Array;
  /**
   * The part of the URL that is not in the bytes, for dialects with the model in the URL. Two requests are equal only if it is
   * equal too.
   */
  readonly address?: string;
  /** Set for a route with bytes that pass through unread. */
  readonly unread?: PassthroughRequest;
  /** Set for a request that opens a session with messages in both directions. */
  readonly realtime?: RealtimeRequest;
  /**
   * Returns the parsed view. @throws LlmError `invalid_request`, `request_too_large`, `not_found` or `method_not_allowed`, the
   * same error instance on every call
   */
  view(): RequestView;
  /** Returns the body as JSON, for translation into another dialect. @throws as `view` */
  json(): Readonly<Record<string, unknown>>;
  /**
   * Returns a text that is equal for requests that differ only in white space, in the order of members and in what is left out.
   * If `isEitherForm`, a stream and a whole response are requested by the same text. Not available for requests that are not
   * JSON.
   */
  canonical?(leftOut?: LeftOut): string;
  /** Whether the response can be converted from a stream to a whole response, and back, with the same content. */
  isEitherForm?(): boolean;
  /** Returns the question of a chat request. Undefined for other requests, and for conversations with files or tools. */
  question?(): Question | undefined;
  /** Returns the bytes with only the changes that the provider needs. */
  forUpstream(form: UpstreamForm): Uint8Array;
}

/** A body that is passed on as it arrives, without being buffered. */
export type PassthroughBody = AsyncIterable<Uint8Array>;

/** A request that is passed through unchanged. */
export interface PassthroughRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The provider's route, as a label. */
  readonly route: string;
  /** Dialects of the route: only a provider with one of them may serve it. If not given, any provider that has the route. */
  readonly dialects?: readonly DialectName[];
  /** Path below the provider's base URL, with the caller's query, except for a key in the query. */
  readonly path: string;
  /** Prefix of the base URL's path (`/upload`). */
  readonly above?: string;
  /** More request headers, as alternating names and values. */
  readonly headers?: readonly string[];
  /** Response headers that are passed to the caller in addition to the usual ones. */
  readonly passedHeaders?: readonly string[];
  /** Set for a route about objects of the provider's account. */
  readonly account?: AccountRoute;
  /** True if the provider bills the request, and the response does not report the amount. */
  readonly billed?: boolean;
  readonly contentType: string | undefined;
  /** Bytes, if the caller sent a `content-length`. */
  readonly contentLength: number | undefined;
  /** Undefined if the bytes are buffered, or if there is no body. */
  readonly body: PassthroughBody | undefined;
  /** For a request about a background response: the prompt tokens that were billed when the response was started. */
  readonly background?: { readonly billedInputTokens: number } | undefined;
  /** The required provider: chosen by the caller, or the one that has the objects which the request names. */
  readonly provider: string | undefined;
  /**
   * The same request without its model. A model that is not configured goes to the provider that serves the route, under the
   * provider's own name.
   */
  readonly unnamed?: RequestMessage;
  /** Returns the fields that depend on the provider's name of the model, if the buffered bytes do not contain that name. */
  forModel?(model: string): Partial<Pick<PassthroughRequest, 'path' | 'body' | 'contentLength'>>;
}

/** The action of a request on objects of a provider's account (files, batches, …). */
export interface AccountRoute {
  readonly action: 'list' | 'create' | 'read' | 'delete' | 'content';
  /** The provider's id of the object in the path. Undefined for a list or a new object. */
  readonly id: string | undefined;
  /** True if the path names something within the object. */
  readonly within: boolean;
  /** The format of lists. */
  readonly form: 'openai' | 'anthropic' | 'gemini';
}

/** Returns a message that could not be read: every access throws `error`. */
export function unreadableMessage(error: Error): RequestMessage {
  const refuse = (): never => {
    throw error;
  };
  return { bytes: new Uint8Array(0), view: refuse, json: refuse, forUpstream: refuse };
}
