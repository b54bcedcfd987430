import { Readable } from 'node:stream';
import { asLlmError, type LlmCall, type LlmReply, type PassthroughBody, type PassthroughRequest } from '@sluice/core';
import { DIALECTS, type Dialect } from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import type { AnswerReader } from '../answers/answer-reader.ts';
import { BaseAddress, SECRET_NAME } from '../connections/base-address.ts';
import { openDispatcher } from '../connections/dispatcher.ts';
import { DrainPool } from '../drain-pool.ts';
import { Exchange } from '../exchange.ts';
import { Redaction } from '../redaction.ts';
import {
  CONNECT_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MAX_ANSWER_BYTES,
  MAX_EVENT_BYTES,
  type UpstreamOptions,
} from './upstream-options.ts';

/** Longest gap between chunks after the content has begun, for a stream that can be recovered. */
const STALL_MS = 30_000;

/** An address with its pool of connections. */
export interface Base {
  readonly address: BaseAddress;
  readonly dispatcher: Dispatcher;
}

/** One request to the provider. */
export interface Outgoing {
  readonly method: PassthroughRequest['method'];
  /** Below the base address, with its query. */
  readonly path: string;
  readonly above?: string | undefined;
  /** The provider's main address if not given. */
  readonly base?: Base;
  readonly body: Buffer | PassthroughBody | undefined;
  readonly headers: readonly string[];
  readonly passedHeaders: readonly string[];
  readonly answer: AnswerReader;
}

/**
 * Sends requests to a provider over HTTP, with one pool of persistent connections per origin and credential. Redirects are not
 * followed: they could send the key to another host.
 */
export class Transport {
  readonly base: Base;
  readonly embeddingsBase: Base;
  /** Headers of every request, except those of its dialect and its call. */
  readonly commonHeaders: readonly string[];
  readonly #options: UpstreamOptions;
  readonly #drainPool: DrainPool | undefined;
  readonly #dialectHeaders = new Map<Dialect, readonly string[]>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.base = this.#open(options.baseUrl);
    this.embeddingsBase = options.embeddingsUrl === undefined ? this.base : this.#open(options.embeddingsUrl);
    this.#drainPool = options.onDisconnect === 'drain' ? new DrainPool() : undefined;
    this.commonHeaders = ['accept-encoding', 'identity', 'user-agent', 'sluice', ...(options.headers ?? [])];
    for (const dialect of Object.values(DIALECTS)) {
      this.#dialectHeaders.set(dialect, ['content-type', 'application/json', ...this.commonHeaders, ...dialect.headers]);
    }
  }

  /** Returns the headers of a JSON request in a dialect. @param same whether it is the caller's dialect */
  headers({ traceparent, featureHeaders }: LlmCall, dialect: Dialect, same: boolean): readonly string[] {
    const headers = this.#dialectHeaders.get(dialect) as readonly string[];
    if (traceparent === undefined && featureHeaders === undefined) return headers;
    return [...headers, ...traceHeaders(traceparent), ...(same ? (featureHeaders ?? []) : [])];
  }

  /** @param bodyTimeoutMs longest gap between two chunks of the answer; the provider's if not given */
  send(call: LlmCall, bodyTimeoutMs: number | undefined, outgoing: Outgoing): Promise<LlmReply> {
    const { credentials } = this.#options;
    const { address } = outgoing.base ?? this.base;
    const { origin } = address;
    const path = address.pathOf(outgoing.path, outgoing.above);
    const body = Buffer.isBuffer(outgoing.body) ? outgoing.body : Buffer.alloc(0);
    const shown = credentials.headers({ method: outgoing.method, origin, path, body });
    if (shown instanceof Promise) return shown.then((headers) => this.#dispatch(call, bodyTimeoutMs, outgoing, path, headers));
    return this.#dispatch(call, bodyTimeoutMs, outgoing, path, shown);
  }

  /** Checks that the provider responds; a refusal is a response. @throws Error */
  async check(below: string, timeoutMs: number): Promise<void> {
    const { address, dispatcher } = this.base;
    const { origin } = address;
    const path = address.pathOf(below);
    const shown = await this.#options.credentials.headers({ method: 'GET', origin, path, body: Buffer.alloc(0) });
    const headers = [...this.commonHeaders, ...shown];
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await dispatcher.request({ origin, method: 'GET', path, headers, signal });
    await body.dump();
    if (statusCode >= 500) throw new Error(`status ${statusCode}`);
  }

  /**
   * Returns the redaction for errors: it removes the credentials of the request, the secrets in configured headers, and the
   * address.
   */
  redaction(credentials: readonly string[], base: Base): Redaction {
    const { headers = [] } = this.#options;
    const secrets = headers.filter((_, n) => SECRET_NAME.test(headers[n - (n % 2)] ?? ''));
    return new Redaction([...credentials, ...secrets, ...base.address.secrets], [base.address.origin]);
  }

  /** Closes the connections after the calls in flight. */
  async close(): Promise<void> {
    await Promise.all([...new Set([this.base, this.embeddingsBase])].map(({ dispatcher }) => dispatcher.close()));
  }

  /** Closes the connections at once. */
  async destroy(): Promise<void> {
    await Promise.all([...new Set([this.base, this.embeddingsBase])].map(({ dispatcher }) => dispatcher.destroy()));
  }

  #open(baseUrl: string): Base {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS, tls, proxyOf } = this.#options;
    const address = new BaseAddress(baseUrl);
    const proxy = proxyOf?.(address.origin);
    return { address, dispatcher: openDispatcher(address.origin, { connectTimeoutMs, idleTimeoutMs, tls, proxy }) };
  }

  #dispatch(
    call: LlmCall,
    bodyTimeoutMs: number | undefined,
    outgoing: Outgoing,
    path: string,
    credentials: readonly string[],
  ): Promise<LlmReply> {
    const { method, body, answer, passedHeaders, base = this.base } = outgoing;
    const { provider, idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options;
    const { maxAnswerBytes = MAX_ANSWER_BYTES, maxEventBytes = MAX_EVENT_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      if (call.signal.aborted) {
        reject(asLlmError(call.signal.reason));
        return;
      }
      const bodyTimeout = bodyTimeoutMs ?? idleTimeoutMs;
      const exchange = new Exchange({
        call,
        provider,
        answer,
        passedHeaders,
        maxAnswerBytes,
        maxEventBytes,
        // a stream that restarts at another target loses little
        stallMs: call.preferences.streamRecovery === undefined ? undefined : Math.min(STALL_MS, bodyTimeout),
        drainPool: this.#drainPool,
        redaction: () => this.redaction(credentials, base),
        resolve,
        reject,
      });
      const { origin } = base.address;
      const headers = [...outgoing.headers, ...credentials];
      // the connections of a forward proxy have other default timeouts
      const options = { origin, method, path, headers, body: sendable(body), headersTimeout: 0, bodyTimeout };
      base.dispatcher.dispatch(options, exchange);
    });
  }
}

/** Returns the trace header of a call as a list of headers. */
export const traceHeaders = (traceparent: string | undefined): string[] =>
  traceparent === undefined ? [] : ['traceparent', traceparent];

function sendable(body: Outgoing['body']): Buffer | Readable | null {
  if (body === undefined || Buffer.isBuffer(body)) return body ?? null;
  return body instanceof Readable ? body : Readable.from(body);
}
