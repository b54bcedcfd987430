import type { Caller } from './caller.ts';
import type { DialectName } from './dialect-name.ts';
import type { FailureKind } from './failure.ts';
import type { RequestMessage } from './message.ts';
import type { Money } from './money.ts';
import type { SessionFacts } from './realtime.ts';
import type { Usage, UsageIssueReason } from './usage.ts';

/**
 * What is asked for. `stored` is about an answer that the gateway keeps; `realtime` is a session of messages both ways; `other` is one of a provider's further routes, whose bytes pass unread;
 * `unknown` is a request to no route of ours that showed a key: it is refused, and recorded.
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

/** What the client says about the cache (RFC 9111, section 5.2.1). */
export interface CacheDirectives {
  readonly noCache?: boolean;
  readonly noStore?: boolean;
  readonly onlyIfCached?: boolean;
  readonly maxAgeS?: number;
  readonly ttlS?: number;
  readonly namespace?: string;
}

/**
 * What becomes of a stream whose provider breaks off in the middle: without a wish, it ends with an error event.
 *
 * - `restart`: another target begins anew, and an event tells the client to forget what came before
 * - `buffer`: nothing is sent before all of it has come, so that nothing has to be forgotten
 */
export type StreamRecovery = 'restart' | 'buffer';

export interface Preferences {
  readonly optimizeFor?: Strategy;
  readonly streamRecovery?: StreamRecovery;
  readonly cache: CacheDirectives;
  readonly tags: Readonly<Record<string, string>>;
}

export type CacheState = 'hit' | 'miss' | 'bypass';

/** How full one meter is after a reservation. */
export interface MeterState {
  readonly meter: string;
  readonly limit: number;
  readonly remaining: number;
  /** Until the meter is empty again if nothing more is spent, in milliseconds. */
  readonly resetMs: number;
}

/** A budget that a call is charged to. */
export interface BudgetCharge {
  readonly tenant: string;
  readonly subject: string;
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly period: string;
  /** When that is over, in milliseconds since the epoch. */
  readonly endsAtMs: number | undefined;
  /** What was reserved for the call. */
  readonly reserved: Money;
  /** Of a realtime session: the turn that it is reserved for, and what the turns before came to. */
  readonly turn?: { readonly callId: string; readonly settled: Money };
}

/** One attempt at a target. */
export interface Attempt {
  /** As it stands in figures. */
  readonly target: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  /** `lost`: another target was asked at the same time, and was quicker. */
  readonly outcome: 'answered' | 'failed' | 'cancelled' | 'lost';
  readonly reason?: FailureKind | 'truncated';
  readonly status?: number;
  /** Until the answer began, or the attempt failed. */
  readonly latencyMs: number;
}

/** An attempt that is not over. */
export interface AttemptInFlight {
  /** What it would be billed for if it ended now. */
  accrued(): { readonly usage: Usage | undefined; readonly cost: Money | undefined };
}

/** What is learned about a call on its way; each proxy writes what it knows, and headers, metrics and the audit record are made of it. */
export interface CallFacts {
  caller: Caller | undefined;
  cache: CacheState;
  /** Of a hit: how old the entry is and how long it will live, in seconds. */
  cacheAgeS: number;
  cacheTtlS: number;
  /** Where the answer stands in the cache, or would; undefined where the cache was not asked. */
  cacheKey: string | undefined;
  provider: string | undefined;
  /** The provider's own name of the model. */
  providerModel: string | undefined;
  target: string | undefined;
  attempts: number;
  /** Those that are over, in the order in which they ended. */
  tried: readonly Attempt[];
  upstreamMs: number;
  /** Of a stream that has begun and is not over: how long the provider took to begin it, in ms. It is in `upstreamMs` once it is over. */
  beginMs: number;
  usage: Usage | undefined;
  /** Whether `usage` is no provider's word, because the call ended before there was one. */
  estimated: boolean;
  /** Why the provider's counts could not be used, where they could not. */
  usageIssue: UsageIssueReason | undefined;
  cost: Money | undefined;
  /** What of the call has no price, and is missing from `cost`: `web_search`, `audio`, `service_tier`. */
  unpriced: readonly string[];
  saved: Money | undefined;
  meters: readonly MeterState[];
  /** Where what it costs is charged to. */
  charged: readonly BudgetCharge[];
  degraded: readonly string[];
  /** The attempts that are not over, one or two where a second target was asked: what they have come to is not in `usage` yet. */
  inFlight: readonly AttemptInFlight[];
  /** Whose soft budget this call passes, or found passed: `key`, `team`, `tenant`. */
  overBudget: readonly string[];
  /** Wishes that the provider's dialect cannot say. */
  dropped: readonly string[];
  /** Of a realtime session that a provider has accepted. */
  session: SessionFacts | undefined;
}

/** What a turn of a realtime session is likely to come to. */
export interface TurnEstimate {
  readonly usage: Usage;
  /** Undefined where the price of the usage tells. */
  readonly cost?: Money | undefined;
  /** Called when the store has what the turn came to. */
  readonly onSettled?: () => void;
}

/** One call on its way through the chain. */
export interface LlmCall {
  /** The gateway's own id of the call: by it the store does a call's work once, so it is never one that a client could choose twice. */
  readonly id: string;
  /** The id that client, log and audit record know the call by: the client's own where it gave one. */
  readonly requestId: string;
  /** By it the client means one call, however often it asks for it. */
  readonly idempotencyKey?: string;
  /** The client's trace context (W3C `traceparent`), which goes on to the provider. */
  readonly traceparent?: string;
  /** Headers by which the caller's dialect asks for features, as names and values: for a provider of the same dialect. */
  readonly featureHeaders?: readonly string[];
  readonly operation: Operation;
  /** The wire format in which the caller asked and is answered. */
  readonly dialect: DialectName;
  /** The route as the contract writes it (`POST /v1/chat/completions`): a label, never the client's own text. */
  readonly route: string;
  /** The request; it cannot be read before `receive`, where there is one, has been called. */
  message: RequestMessage;
  /** The client's own bytes, where the request was rewritten on its way: a conversation that it names has grown when it is repeated. */
  sent?: Uint8Array;
  /** Receives the body and returns the request. Called once, after the key was checked. @throws LlmError */
  readonly receive?: () => Promise<RequestMessage>;
  /** The secret that the client showed; authentication reads it, and nothing else may. */
  readonly credential: string | undefined;
  readonly preferences: Preferences;
  /** The address that the call comes from, as far as those in front of the gateway may be believed. Told when it is asked for. */
  readonly clientAddress?: () => string;
  /** Fires when the client goes away or the deadline passes; its reason is an `LlmError`. */
  readonly signal: AbortSignal;
  /** Reports activity of a provider before its first content: a comment, a ping, a part of an event. */
  readonly alive?: () => void;
  /** When the client wants to be told that it was in vain, on the monotonic clock. */
  readonly deadlineMs?: number;
  /** The provider that must answer, because objects that the request names are in its account. */
  readonly provider?: string;
  /** When the call came, on the monotonic clock. */
  readonly startedAtMs: number;
  /** The most tokens that the provider may generate, all choices together, because the budget pays for no more; undefined where it does not matter. */
  readonly outputLimit?: number;
  /** Set for one turn of a realtime session, which is metered as a call of its own: what it is likely to come to. */
  readonly turn?: TurnEstimate;
  readonly facts: CallFacts;
}

export function emptyFacts(): CallFacts {
  return {
    caller: undefined,
    cache: 'bypass',
    cacheAgeS: 0,
    cacheTtlS: 0,
    cacheKey: undefined,
    provider: undefined,
    providerModel: undefined,
    target: undefined,
    attempts: 0,
    tried: [],
    upstreamMs: 0,
    beginMs: 0,
    usage: undefined,
    estimated: false,
    usageIssue: undefined,
    cost: undefined,
    unpriced: [],
    saved: undefined,
    meters: [],
    charged: [],
    degraded: [],
    inFlight: [],
    overBudget: [],
    dropped: [],
    session: undefined,
  };
}

/** A call's tags: those of its key, whatever the call itself says, and its own. */
export function tagsOf({ preferences, facts }: Pick<LlmCall, 'preferences' | 'facts'>): Readonly<Record<string, string>> {
  const fixed = facts.caller?.tags;
  return fixed === undefined ? preferences.tags : { ...preferences.tags, ...fixed };
}
