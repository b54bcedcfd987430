import { CallAccount } from './call-account.ts';
import type { CallSignal } from './call-signal.ts';
import type { Caller } from './caller.ts';
import type { DialectName } from './dialect-name.ts';
import type { RequestMessage } from './message.ts';
import type { Money } from './money.ts';
import type { Usage } from './usage.ts';

/**
 * The kind of call.
 *
 * - `stored`: concerns a response that the gateway stores
 * - `realtime`: a session with messages in both directions
 * - `other`: another route of a provider; the gateway passes its bytes through unread
 * - `unknown`: a request with a key for a route that the gateway does not have; it is refused and audited
 */
export type Operation =
  | 'chat'
  | 'completions'
  | 'embeddings'
  | 'count_tokens'
  | 'models'
  | 'stored'
  | 'realtime'
  | 'other'
  | 'unknown';

/** How a target is picked. */
export type Strategy = 'cost' | 'speed' | 'balanced' | 'weighted' | 'priority';

/** The most that the cache may do for a call: `exact` serves only responses to the same request, `near` also other wordings. */
export type CacheMode = 'exact' | 'near' | 'semantic';

/** Cache directives of the client (RFC 9111, section 5.2.1, and RFC 5861). */
export interface CacheDirectives {
  readonly noCache?: boolean;
  readonly noStore?: boolean;
  readonly onlyIfCached?: boolean;
  readonly maxAgeS?: number;
  readonly ttlS?: number | undefined;
  readonly namespace?: string | undefined;
  /** Time after its lifetime in which an entry is served while it is replaced in the background. */
  readonly staleWhileRevalidateS?: number;
  /** Time after its lifetime in which an entry is served if no provider could answer. */
  readonly staleIfErrorS?: number;
  readonly mode?: CacheMode | undefined;
  /** The least similarity of another question whose response serves the call: -1 to 1. */
  readonly minSimilarity?: number | undefined;
  /** Whether the call shares the call to a provider with identical calls in flight; by default as its key or model says. */
  readonly coalesce?: boolean | undefined;
  /** Whether a response that was served by meaning was right. */
  readonly feedback?: { readonly entry: string; readonly isRight: boolean } | undefined;
  /** Names under which the entry can be removed. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * The recovery of a stream when its provider breaks off in the middle. Without a recovery, the stream ends with an error event.
 *
 * - `restart`: another target starts over, and an event asks the client to discard the earlier content
 * - `buffer`: nothing is sent before the whole response has arrived, so that nothing has to be discarded
 */
export type StreamRecovery = 'restart' | 'buffer';

export interface Preferences {
  readonly optimizeFor?: Strategy | undefined;
  readonly streamRecovery?: StreamRecovery | undefined;
  readonly cache: CacheDirectives;
  readonly tags: Readonly<Record<string, string>>;
}

/** The state of a meter after a reservation. */
export interface MeterState {
  readonly meter: string;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the meter is empty again if nothing more is spent. */
  readonly resetMs: number;
}

/** A budget that a call is charged to. */
export interface ChargedBudget {
  readonly tenant: string;
  readonly subject: string;
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly period: string;
  /** End of the period, in milliseconds since the epoch. Undefined for `total`. */
  readonly endsAtMs: number | undefined;
  /** Amount reserved for the call. */
  readonly reserved: Money;
  /** For a realtime session: the turn that holds the reservation, and the cost of the settled turns. */
  readonly turn?: { readonly callId: string; readonly settled: Money };
}

/** State of a call that its copies share. */
export interface CallContext {
  /** Attempts, usage and cost. */
  readonly account: CallAccount;
  /** Set by authentication. */
  caller: Caller | undefined;
  /** Values of `CallSlot`s, by index. Only `CallSlot` reads or writes it. */
  readonly slots: unknown[];
}

/** Estimated usage of a turn of a realtime session. */
export interface TurnEstimate {
  readonly usage: Usage;
  /** If undefined, the cost is derived from `usage` and its price. */
  readonly cost?: Money | undefined;
  /** Called when the store has recorded the actual usage of the turn. */
  readonly onSettled?: () => void;
}

/** One call on its way through the chain of proxies. */
export interface LlmCall {
  /**
   * Gateway-generated. Redis scripts deduplicate by this id, so it must never come from the client (`requestId` is the
   * client's).
   */
  readonly id: string;
  /** The id in responses, logs and audit records: the client's own if it sent one. */
  readonly requestId: string;
  /** The client's idempotency key: all requests with the same key are one call. */
  readonly idempotencyKey?: string | undefined;
  /** The client's trace context (W3C `traceparent`), forwarded to the provider. */
  readonly traceparent?: string | undefined;
  /** Feature headers of the caller's dialect, as alternating names and values. Sent only to a provider of the same dialect. */
  readonly featureHeaders?: readonly string[] | undefined;
  readonly operation: Operation;
  /** The wire format of the client's request and of the response. */
  readonly dialect: DialectName;
  /** The route pattern (`POST /v1/chat/completions`): a label, never text from the client. */
  readonly route: string;
  /** The request. If `receive` is set, it is not readable before `receive` has been called. */
  message: RequestMessage;
  /**
   * The client's original bytes, if the gateway rewrote the request. They identify a repeated request: the conversation that it
   * names has grown in the meantime.
   */
  sent?: Uint8Array;
  /** Receives the body and returns the request. Called once, after the key was checked. @throws LlmError */
  readonly receive?: (() => RequestMessage | Promise<RequestMessage>) | undefined;
  /** The secret that the client sent. Only authentication may read it. */
  readonly credential: string | undefined;
  readonly preferences: Preferences;
  /**
   * Returns the client IP. `X-Forwarded-For` is honoured only for trusted proxies. A function, because few keys restrict
   * addresses.
   */
  readonly clientAddress?: () => string;
  /** Aborts when the client disconnects or the deadline passes; its reason is an `LlmError`. */
  readonly signal: CallSignal;
  /** Reports activity of a provider before its first content: a comment, a ping, a part of an event. */
  readonly alive?: (() => void) | undefined;
  /** The client's deadline, on the monotonic clock. */
  readonly deadlineMs?: number | undefined;
  /** The only provider that may serve the call, because its account has the objects that the request names. */
  readonly provider?: string;
  /** Arrival time of the call, on the monotonic clock. */
  readonly startedAtMs: number;
  /**
   * Maximum number of tokens that the provider may generate, all choices together: the rest of the budget pays for no more.
   * Undefined if the budget does not limit the call.
   */
  readonly outputLimit?: number;
  /** Estimated usage. Set for one turn of a realtime session, which is metered as a call of its own. */
  readonly turn?: TurnEstimate;
  readonly context: CallContext;
}

export function newCallContext(): CallContext {
  return { account: new CallAccount(), caller: undefined, slots: [] };
}

/** Returns the tags of a call. Tags of its key override the tags of the request. */
export function effectiveTags({
  preferences,
  context,
}: Pick<LlmCall, 'preferences' | 'context'>): Readonly<Record<string, string>> {
  const fixed = context.caller?.tags;
  return fixed === undefined ? preferences.tags : { ...preferences.tags, ...fixed };
}
