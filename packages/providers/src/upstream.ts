import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  asLlmError,
  type DialectName,
  errorTexts,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  type PassthroughBody,
  type PassthroughRequest,
  systemClock,
} from '@sluice/core';
import {
  countingOf,
  DIALECTS,
  type Dialect,
  EMBEDDINGS,
  type EmbeddingsDialectName,
  embeddingsBeside,
  estimateTokens,
  isLarge,
  type UpstreamRequestInfo,
} from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import type { AnswerReader } from './answers/answer-reader.ts';
import { Completion } from './answers/completion.ts';
import { Embeddings } from './answers/embeddings.ts';
import { countReply, TokenCount } from './answers/token-count.ts';
import { fieldsRefused, holdsState, refusesState, refusesStreamOptions, withoutState } from './asked-again.ts';
import { BaseAddress, SECRET_NAME } from './connections/base-address.ts';
import type { ClientTls } from './connections/client-tls.ts';
import { openDispatcher } from './connections/dispatcher.ts';
import type { ForwardProxy } from './connections/forward-proxy.ts';
import type { Credentials } from './credentials/credentials.ts';
import { DrainPool } from './drain-pool.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { plain } from './endpoints/plain.ts';
import { Exchange } from './exchange.ts';
import { LearnedModels } from './learned-fields.ts';
import { passRequest } from './pass-request.ts';
import type { ModelProfile, ProfileOverride } from './profiles/model-profile.ts';
import { profileOf } from './profiles/profile-of.ts';
import type { Quirks } from './quirks.ts';
import { RealtimeUpstream } from './realtime/realtime-upstream.ts';
import { Redaction } from './redaction.ts';
import { shapeRequest } from './shaping/shape-request.ts';
import { translateRequest } from './translate-request.ts';
import { unreadOutgoing } from './unread-request.ts';

export interface UpstreamOptions {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** Its name in the catalog, if it differs from `provider`. */
  readonly kind?: string;
  /** What the provider speaks, the one it knows best first. */
  readonly dialects: readonly DialectName[];
  readonly embeddings?: EmbeddingsDialectName;
  /**
   * Address of the API with its version, and with a query for each request: `https://api.openai.com/v1`. Only the configuration
   * sets it, never a request.
   */
  readonly baseUrl: string;
  /** Where its embeddings are, if elsewhere. */
  readonly embeddingsUrl?: string;
  readonly credentials: Credentials;
  readonly tls?: ClientTls | undefined;
  /** The forward proxy of an origin. */
  readonly proxyOf?: (origin: string) => ForwardProxy | undefined;
  /** Further headers of every request, as names and values. */
  readonly headers?: readonly string[];
  readonly endpoint?: Endpoint;
  readonly apiVersion?: string;
  readonly quirks?: Quirks;
  /** How long a connection may take, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** How long a stream may be silent, in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** A longer whole answer is refused. */
  readonly maxAnswerBytes?: number;
  /** A longer event of a stream ends it. */
  readonly maxEventBytes?: number;
  /**
   * Handling of a stream after its client has disconnected: aborted by default; drained for providers that bill the complete
   * stream.
   */
  readonly onDisconnect?: 'abort' | 'drain';
}

/** What of a model's service is its own. */
export interface ModelOptions {
  /** How long a stream may be silent, in milliseconds, where not as at all models of the provider. */
  readonly idleTimeoutMs?: number | undefined;
  /** Deviations from its family's profile. */
  readonly profile?: ProfileOverride | undefined;
}

/** A model with hidden reasoning may be silent for more than a minute. */
const IDLE_TIMEOUT_MS = 120_000;
/** How long a stream that can be recovered may be silent after its content has begun. */
const STALL_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A picture that comes in one event is of some MiB in base64. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** One request to the provider. */
interface Outgoing {
  readonly method: PassthroughRequest['method'];
  /** Below the base address, with its query. */
  readonly path: string;
  readonly above?: string | undefined;
  readonly base?: Base;
  readonly body: Buffer | PassthroughBody | undefined;
  readonly headers: readonly string[];
  readonly passedHeaders: readonly string[];
  readonly answer: AnswerReader;
}

/** A model, as its requests are sent. */
interface UpstreamModel {
  readonly name: string;
  /** undici's word for how long an answer may be silent. */
  readonly bodyTimeout?: number;
  /** Deviations from its family's profile in the configuration. */
  readonly override?: ProfileOverride | undefined;
  /** The requests that it accepts, by the dialect of the request. */
  readonly profiles: Map<DialectName, ModelProfile>;
}

interface Base {
  readonly address: BaseAddress;
  readonly dispatcher: Dispatcher;
}

/**
 * A provider over HTTP. One pool of kept connections an origin and credential. Where the caller speaks the provider's dialect, bytes go through
 * as they are; a caller of another dialect is understood and answered in its own.
 * Redirects are not followed: they could carry the key to another host.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #endpoint: Endpoint;
  readonly #base: Base;
  readonly #embeddingsBase: Base;
  readonly #drainPool: DrainPool | undefined;
  readonly #learned = new LearnedModels(systemClock.monotonic);
  #sessions: RealtimeUpstream | undefined;
  /** The headers of requests in each dialect, but for those that depend on the call. */
  readonly #headers = new Map<Dialect | undefined, readonly string[]>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#endpoint = options.endpoint ?? plain;
    this.#base = this.#open(options.baseUrl);
    this.#embeddingsBase = options.embeddingsUrl === undefined ? this.#base : this.#open(options.embeddingsUrl);
    this.#drainPool = options.onDisconnect === 'drain' ? new DrainPool() : undefined;
    const { headers = [] } = options;
    const common = ['accept-encoding', 'identity', 'user-agent', 'sluice', ...headers];
    this.#headers.set(undefined, common);
    for (const dialect of Object.values(DIALECTS)) {
      this.#headers.set(dialect, ['content-type', 'application/json', ...common, ...dialect.headers]);
    }
  }

  #open(baseUrl: string): Base {
    const { connectTimeoutMs = 3_000, idleTimeoutMs = IDLE_TIMEOUT_MS, tls, proxyOf } = this.#options;
    const address = new BaseAddress(baseUrl);
    const proxy = proxyOf?.(address.origin);
    return { address, dispatcher: openDispatcher(address.origin, { connectTimeoutMs, idleTimeoutMs, tls, proxy }) };
  }

  /** The service that one model of this provider is. */
  model(name: string, options: ModelOptions = {}): LlmService {
    const { idleTimeoutMs, profile: override } = options;
    const model: UpstreamModel = {
      name,
      override,
      profiles: new Map(),
      ...(idleTimeoutMs === undefined ? {} : { bodyTimeout: idleTimeoutMs }),
    };
    // an invalid request rejects too, instead of throwing
    return {
      complete: async (call) => {
        // a translation takes as long as the parse before it
        if (isLarge(call.message.bytes)) await nextTurn();
        return this.#complete(call, model);
      },
    };
  }

  /** Whether it answers. A refusal is an answer. @throws Error */
  async check(below: string, timeoutMs: number): Promise<void> {
    const { address, dispatcher } = this.#base;
    const { origin } = address;
    const path = address.pathOf(below);
    const shown = await this.#options.credentials.headers({ method: 'GET', origin, path, body: Buffer.alloc(0) });
    const headers = [...(this.#headers.get(undefined) as readonly string[]), ...shown];
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await dispatcher.request({ origin, method: 'GET', path, headers, signal });
    await body.dump();
    if (statusCode >= 500) throw new Error(`status ${statusCode}`);
  }

  /** Closes the connections after the calls in flight. */
  async close(): Promise<void> {
    await Promise.all([...new Set([this.#base, this.#embeddingsBase])].map(({ dispatcher }) => dispatcher.close()));
  }

  /** Closes the connections at once. */
  async destroy(): Promise<void> {
    await Promise.all([...new Set([this.#base, this.#embeddingsBase])].map(({ dispatcher }) => dispatcher.destroy()));
  }

  #complete(call: LlmCall, model: UpstreamModel): Promise<LlmReply> | LlmReply {
    switch (call.operation) {
      case 'embeddings':
        return this.#embed(call, model);
      case 'count_tokens':
        return this.#count(call, model);
      case 'other':
        return this.#other(call, model);
      case 'realtime':
        return this.#realtime(call, model);
      default:
        return this.#chat(call, model);
    }
  }

  #nothing(call: LlmCall): never {
    throw new LlmError('not_found', errorTexts.providerLacksRoute(this.#options.provider, call.route));
  }

  /** The caller's own dialect where the provider speaks it, else the one that the provider knows best. */
  #dialectFor(call: LlmCall): Dialect {
    const { dialects } = this.#options;
    const name = dialects.includes(call.dialect) ? call.dialect : dialects[0];
    return name === undefined ? this.#nothing(call) : DIALECTS[name];
  }

  #chat(call: LlmCall, upstreamModel: UpstreamModel, again = false): Promise<LlmReply> {
    const { name: model } = upstreamModel;
    const dialect = this.#dialectFor(call);
    const caller = DIALECTS[call.dialect];
    const same = caller === dialect;
    const view = call.message.view();
    const { quirks } = this.#options;
    const asked: UpstreamRequestInfo = {
      operation: call.operation,
      model,
      stream: view.stream,
      framing: same ? (view.framing ?? 'sse') : 'sse',
    };
    const path = this.#endpoint.path(asked, dialect, this.#options);
    // completions of the older kind are OpenAI's alone
    if (path === undefined || (!same && call.operation !== 'chat')) return this.#nothing(call);
    const profile = this.#profileOf(upstreamModel, dialect);
    const streamUsage = quirks?.reportsStreamUsage !== true && profile.streamOptions;
    const learned = this.#learned.of(model);
    const translation = { to: dialect, model, profile: learned?.profile(profile) ?? profile, quirks, learned };
    const { bytes, restorer } = same ? passRequest(call, { ...translation, streamUsage }) : translateRequest(call, translation);
    const hideUsage = same && streamUsage && view.stream && !view.wantsStreamUsage;
    const { framing } = this.#endpoint;
    const send = (body: Buffer): Promise<LlmReply> =>
      this.#send(call, upstreamModel, {
        method: 'POST',
        path,
        body: this.#endpoint.body(body, asked),
        headers: this.#headersFor(call, dialect, same),
        passedHeaders: dialect.passedHeaders,
        answer: new Completion({ call, dialect, model, framing, hideUsage, restorer }),
      });
    const added = dialect.name === 'openai-chat' && streamUsage && view.stream && !(same && view.wantsStreamUsage);
    const sent = async (): Promise<LlmReply> => {
      const reply = await send(bytes);
      const names = again || same ? undefined : fieldsRefused(reply, bytes, dialect.name);
      return names !== undefined && this.#learned.learn(model, names) ? this.#chat(call, upstreamModel, true) : reply;
    };
    if (added) return sent().then((reply) => this.#withoutStreamOptions(reply, call, upstreamModel, profile));
    if (dialect.name !== 'openai-responses' || !holdsState(bytes)) return same ? send(bytes) : sent();
    // encrypted reasoning of another account is dropped
    return sent().then((reply) => (refusesState(reply) ? send(withoutState(bytes)) : reply));
  }

  /** Asks again, and from now on, without a field that the caller has not sent and the provider refuses. */
  #withoutStreamOptions(
    reply: LlmReply,
    call: LlmCall,
    model: UpstreamModel,
    profile: ModelProfile,
  ): Promise<LlmReply> | LlmReply {
    if (!refusesStreamOptions(reply)) return reply;
    model.profiles.set('openai-chat', { ...profile, streamOptions: false });
    return this.#chat(call, model);
  }

  /** What a model accepts in a dialect. */
  #profileOf({ name, profiles, override }: UpstreamModel, { name: dialect }: Dialect): ModelProfile {
    const known = profiles.get(dialect);
    if (known !== undefined) return known;
    const profile = profileOf({ provider: this.#options.kind ?? this.#options.provider, dialect, model: name }, override);
    profiles.set(dialect, profile);
    return profile;
  }

  #embed(call: LlmCall, upstreamModel: UpstreamModel): Promise<LlmReply> {
    const { name: model } = upstreamModel;
    const provider = this.#options.embeddings;
    const caller = embeddingsBeside(call.dialect);
    if (provider === undefined || caller === undefined) return this.#nothing(call);
    const same = caller === provider;
    const request = call.message.json();
    const batch = same ? request['requests'] !== undefined : true;
    let bytes: Buffer;
    if (same) bytes = bufferOf(call.message.forUpstream({ model, streamUsage: false }));
    else {
      const { body, dropped } = EMBEDDINGS[provider].writeRequest(EMBEDDINGS[caller].readRequest(request), model);
      call.facts.dropped = dropped;
      bytes = Buffer.from(JSON.stringify(body));
    }
    const path = this.#endpoint.otherPath(EMBEDDINGS[provider].path(model, batch), model, this.#options);
    const [dialect] = this.#options.dialects;
    return this.#send(call, upstreamModel, {
      method: 'POST',
      path,
      base: this.#embeddingsBase,
      body: bytes,
      headers: this.#headersFor(call, DIALECTS[dialect ?? 'openai-chat'], same),
      passedHeaders: ['retry-after'],
      answer: new Embeddings({ call, caller, provider, model }),
    });
  }

  /** Counts the tokens of a prompt: by the provider if it can, else by an estimate with a note. */
  #count(call: LlmCall, upstreamModel: UpstreamModel): Promise<LlmReply> | LlmReply {
    const { name: model } = upstreamModel;
    const dialect = this.#dialectFor(call);
    const same = call.dialect === dialect.name;
    const asked: UpstreamRequestInfo = { operation: 'count_tokens', model, stream: false, framing: 'sse' };
    const path = this.#endpoint.path(asked, dialect, this.#options);
    const counting = countingOf(dialect.name);
    const request = (): ReturnType<Dialect['readRequest']> => {
      const read = countingOf(call.dialect)?.read(call.message.json());
      return read ?? this.#nothing(call);
    };
    if (path === undefined || counting === undefined) return estimatedCount(call, estimateTokens(request()));
    const profile = this.#profileOf(upstreamModel, dialect);
    const bytes = same
      ? passRequest(call, { to: dialect, model, profile, quirks: this.#options.quirks, streamUsage: false }).bytes
      : Buffer.from(JSON.stringify(counting.write(shapeRequest(request(), profile, false).request, model)));
    return this.#send(call, upstreamModel, {
      method: 'POST',
      path,
      body: this.#endpoint.body(bytes, asked),
      headers: this.#headersFor(call, dialect, same),
      passedHeaders: dialect.passedHeaders,
      answer: new TokenCount(call, dialect),
    });
  }

  /** A passthrough route; only the model's name in a JSON body is replaced. */
  #other(call: LlmCall, upstreamModel: UpstreamModel): Promise<LlmReply> {
    const outgoing = unreadOutgoing(call, upstreamModel.name, this.#options) ?? this.#nothing(call);
    return this.#send(call, upstreamModel, {
      ...outgoing,
      base: outgoing.besideEmbeddings ? this.#embeddingsBase : this.#base,
      headers: [...(this.#headers.get(undefined) as readonly string[]), ...outgoing.headers, ...traceOf(call)],
    });
  }

  #realtime(call: LlmCall, { name }: UpstreamModel): Promise<LlmReply> {
    const request = call.message.realtime ?? this.#nothing(call);
    const { provider, kind = provider, credentials, apiVersion, tls, connectTimeoutMs = 3_000 } = this.#options;
    const { maxEventBytes: maxMessageBytes = MAX_EVENT_BYTES, proxyOf } = this.#options;
    const { address } = this.#base;
    this.#sessions ??= new RealtimeUpstream({
      ...{ provider, kind, address, credentials, apiVersion, tls, connectTimeoutMs, maxMessageBytes },
      headers: this.#headers.get(undefined) as readonly string[],
      proxy: proxyOf?.(address.origin),
      redaction: (shown) => this.#redaction(shown, this.#base),
    });
    return this.#sessions.open(call, name, request);
  }

  #headersFor(call: LlmCall, dialect: Dialect, same: boolean): readonly string[] {
    const headers = this.#headers.get(dialect) as readonly string[];
    const { traceparent, featureHeaders } = call;
    if (traceparent === undefined && featureHeaders === undefined) return headers;
    return [...headers, ...traceOf(call), ...(same ? (featureHeaders ?? []) : [])];
  }

  #send(call: LlmCall, model: UpstreamModel, outgoing: Outgoing): Promise<LlmReply> {
    const { credentials } = this.#options;
    const { address } = outgoing.base ?? this.#base;
    const { origin } = address;
    const path = address.pathOf(outgoing.path, outgoing.above);
    const body = Buffer.isBuffer(outgoing.body) ? outgoing.body : Buffer.alloc(0);
    const shown = credentials.headers({ method: outgoing.method, origin, path, body });
    if (shown instanceof Promise) return shown.then((headers) => this.#dispatch(call, model, outgoing, path, headers));
    return this.#dispatch(call, model, outgoing, path, shown);
  }

  #dispatch(
    call: LlmCall,
    { bodyTimeout }: UpstreamModel,
    outgoing: Outgoing,
    path: string,
    credentials: readonly string[],
  ): Promise<LlmReply> {
    const { method, body, answer, passedHeaders, base = this.#base } = outgoing;
    const { provider, idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options;
    const { maxAnswerBytes = MAX_ANSWER_BYTES, maxEventBytes = MAX_EVENT_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      if (call.signal.aborted) {
        reject(asLlmError(call.signal.reason));
        return;
      }
      const drainPool = this.#drainPool;
      const headers = [...outgoing.headers, ...credentials];
      const redaction = (): Redaction => this.#redaction(credentials, base);
      const limits = { maxAnswerBytes, maxEventBytes };
      // a forward proxy's own connections have other defaults
      const timeouts = { headersTimeout: 0, bodyTimeout: bodyTimeout ?? idleTimeoutMs };
      const exchange = new Exchange({
        call,
        provider,
        answer,
        passedHeaders,
        ...limits,
        // a stream that restarts elsewhere loses little
        stallMs: call.preferences.streamRecovery === undefined ? undefined : Math.min(STALL_MS, timeouts.bodyTimeout),
        drainPool,
        redaction,
        resolve,
        reject,
      });
      const { origin } = base.address;
      base.dispatcher.dispatch({ origin, method, path, headers, body: sendable(body), ...timeouts }, exchange);
    });
  }

  /** What an error of this provider must not show: the credentials of the request, secrets in configured headers, and its address. */
  #redaction(credentials: readonly string[], base: Base): Redaction {
    const { headers = [] } = this.#options;
    const secrets = headers.filter((_, n) => SECRET_NAME.test(headers[n - (n % 2)] ?? ''));
    return new Redaction([...credentials, ...secrets, ...base.address.secrets], [base.address.origin]);
  }
}

const traceOf = ({ traceparent }: LlmCall): string[] => (traceparent === undefined ? [] : ['traceparent', traceparent]);

function sendable(body: Outgoing['body']): Buffer | Readable | null {
  if (body === undefined || Buffer.isBuffer(body)) return body ?? null;
  return body instanceof Readable ? body : Readable.from(body);
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** A local estimate. The response carries `x-sluice-estimated: tokens`. */
export function estimatedCount(call: LlmCall, tokens: number): LlmReply {
  return countReply(call, tokens, { status: 200, contentType: 'application/json', headers: { 'x-sluice-estimated': 'tokens' } });
}
