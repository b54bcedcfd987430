import {
  asLlmError,
  type DialectName,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  ReplyStream,
  type WholeReply,
} from '@sluice/core';
import {
  DIALECTS,
  type Dialect,
  isObject,
  type JsonObject,
  parseJson,
  type ReplyContext,
  type StreamWatcher,
  TranslatedStream,
  translateReply,
} from '@sluice/dialects';
import { type Dispatcher, Pool } from 'undici';
import { translateRequest } from './translate-request.ts';

export interface UpstreamOptions {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** What the provider speaks; OpenAI's chat completions if not given. */
  readonly dialect?: DialectName;
  /** Where the API is, with its version: `https://api.openai.com/v1`. Only the configuration says it, never a request. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** How long a connection may take, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** How long a stream may be silent, in milliseconds. */
  readonly idleTimeoutMs?: number;
  /** A longer whole answer is refused. */
  readonly maxAnswerBytes?: number;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * A provider over HTTP. One pool of kept connections an origin and credential. Where the caller speaks the provider's dialect, bytes go through
 * as they are; a caller of another dialect is understood and answered in its own.
 * Redirects are not followed: they could carry the key to another host.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #headers: string[];
  readonly #dialect: Dialect;

  constructor(options: UpstreamOptions) {
    const url = new URL(options.baseUrl);
    this.#options = options;
    this.#dialect = DIALECTS[options.dialect ?? 'openai-chat'];
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(url.origin, {
      connections: 512,
      pipelining: 1,
      // the target's own timeout bounds the wait for an answer; these bound a connection that hangs
      connect: { timeout: options.connectTimeoutMs ?? 3_000 },
      headersTimeout: 0,
      bodyTimeout: options.idleTimeoutMs ?? 30_000,
      keepAliveTimeout: 30_000,
    });
    this.#headers = ['content-type', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'sluice'];
    this.#headers.push(...this.#dialect.headers);
    if (options.apiKey !== undefined) this.#headers.push(...this.#dialect.credentials(options.apiKey));
  }

  /** The service that one model of this provider is. */
  model(model: string): LlmService {
    // what is wrong with a request is a rejection too, not a throw
    return { complete: async (call) => this.#complete(call, model) };
  }

  /** Lets the calls under way finish, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Closes the connections at once. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  #headersOf(call: LlmCall, caller: Dialect): string[] {
    const { traceparent, featureHeaders } = call;
    if (traceparent === undefined && featureHeaders === undefined) return this.#headers;
    const features = caller === this.#dialect ? (featureHeaders ?? []) : [];
    return [...this.#headers, ...(traceparent === undefined ? [] : ['traceparent', traceparent]), ...features];
  }

  #complete(call: LlmCall, model: string): Promise<LlmReply> {
    const dialect = this.#dialect;
    const caller = DIALECTS[call.dialect];
    const path = dialect.path(call.operation);
    // completions can be said in another dialect; the other operations are each dialect's own
    if (path === undefined || (caller !== dialect && call.operation !== 'chat')) {
      throw new LlmError('not_found', `The provider ${this.#options.provider} has nothing that answers ${call.route}.`);
    }
    const view = call.message.view();
    const streamUsage = call.operation === 'chat' || call.operation === 'completions';
    const body = caller === dialect ? call.message.forUpstream({ model, streamUsage }) : translateRequest(call, dialect, model);
    return new Promise((resolve, reject) => {
      if (call.signal.aborted) {
        reject(asLlmError(call.signal.reason));
        return;
      }
      const exchange = new Exchange({
        provider: this.#options.provider,
        maxAnswerBytes: this.#options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
        dialect,
        model,
        hideUsage: view.stream && streamUsage && !view.wantsStreamUsage,
        call,
        resolve,
        reject,
      });
      this.#pool.dispatch(
        {
          method: 'POST',
          path: this.#basePath + path,
          headers: this.#headersOf(call, caller),
          body: Buffer.from(body.buffer, body.byteOffset, body.length),
        },
        exchange,
      );
    });
  }
}

interface ExchangeOptions {
  readonly dialect: Dialect;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly provider: string;
  readonly maxAnswerBytes: number;
  readonly hideUsage: boolean;
  readonly call: LlmCall;
  readonly resolve: (reply: LlmReply) => void;
  readonly reject: (error: LlmError) => void;
}

type Headers = Record<string, string | string[] | undefined>;

/** One request and its answer, as undici tells of them. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #length = 0;
  #stream: { reply: ReplyStream; reader: StreamWatcher } | undefined;
  #settled = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#onAbort = () => this.#abort();
    options.call.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#options.call.signal.aborted) this.#abort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
    const contentType = this.#contentType();
    if (status !== 200 || !contentType.startsWith('text/event-stream')) return;
    const { dialect, hideUsage } = this.#options;
    const caller = this.#caller();
    const reader = caller === dialect ? dialect.watchStream(hideUsage) : new TranslatedStream(dialect, caller, this.#context());
    const reply = new ReplyStream({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      cancel: () => controller.abort(new LlmError('client_closed', 'The client closed the connection.')),
    });
    this.#stream = { reply, reader };
    this.#settled = true;
    const type = caller === dialect ? contentType : 'text/event-stream; charset=utf-8';
    this.#options.resolve({ status, contentType: type, headers: this.#passedHeaders(), stream: reply });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      const shown = this.#stream.reader.read(chunk);
      if (shown.length > 0) this.#stream.reply.push(shown);
      return;
    }
    this.#length += chunk.length;
    if (this.#length > this.#options.maxAnswerBytes) {
      controller.abort(new LlmError('upstream_error', `The answer of ${this.#options.provider} is too long.`));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#forget();
    if (this.#stream !== undefined) {
      const { reply, reader } = this.#stream;
      const rest = reader.rest();
      if (rest.length > 0) reply.push(rest);
      reply.finish(reader.outcome());
      return;
    }
    this.#settled = true;
    try {
      this.#options.resolve(this.#whole());
    } catch (error) {
      this.#options.reject(asLlmError(error));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#forget();
    if (this.#stream !== undefined) {
      const { reply, reader } = this.#stream;
      const usage = reader.usage();
      const told = usage === undefined ? {} : { usage };
      const reason = this.#reason(error, 'upstream_truncated');
      if (reason.code === 'client_closed') reply.finish({ end: 'cancelled', ...told });
      else reply.finish({ end: 'failed', error: reason, ...told });
      return;
    }
    this.#fail(this.#reason(error, 'upstream_error'));
  }

  #whole(): LlmReply {
    const { provider } = this.#options;
    const status = this.#status;
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const head = { status, contentType: this.#contentType(), headers: this.#passedHeaders(), body };
    if (status === 200) return this.#answer(head);
    // what the provider refuses because of the request is the client's to see; how it treats our credentials is not
    if (status >= 400 && status < 500 && status !== 401 && status !== 402 && status !== 403 && status !== 407)
      return this.#refusal(head);
    throw new LlmError('upstream_error', `The provider ${provider} failed (status ${status}).`);
  }

  /** @throws LlmError `upstream_error` for a 200 that is no JSON object: a client would only find out by failing itself */
  #answer(head: WholeReply): WholeReply {
    const { dialect, call } = this.#options;
    const value = parseJson(Buffer.from(head.body).toString('utf8'));
    if (!isObject(value)) throw new LlmError('upstream_error', 'The provider sent an answer that is not JSON.');
    const usage = call.operation === 'count_tokens' ? undefined : dialect.readUsage(value);
    const told = usage === undefined ? {} : { usage };
    const caller = this.#caller();
    if (caller === dialect) return { ...head, ...told };
    const body = Buffer.from(translateReply(dialect, caller, value, this.#context(value)));
    return { ...head, contentType: 'application/json', body, ...told };
  }

  /** A provider's refusal of the request, in the caller's dialect. */
  #refusal(head: WholeReply): WholeReply {
    const { dialect } = this.#options;
    const caller = this.#caller();
    if (caller === dialect) return head;
    const value = parseJson(Buffer.from(head.body).toString('utf8'));
    const message = (isObject(value) ? dialect.readErrorMessage(value) : undefined) ?? 'The provider refused the request.';
    const error = new LlmError(head.status === 429 ? 'rate_limit_exceeded' : 'invalid_request', message);
    return { ...head, contentType: 'application/json', body: Buffer.from(caller.renderError(error)) };
  }

  #caller(): Dialect {
    return DIALECTS[this.#options.call.dialect];
  }

  #context(reply?: JsonObject): ReplyContext {
    const { call, model } = this.#options;
    const named = reply?.['model'];
    return {
      model: typeof named === 'string' ? named : model,
      id: call.id,
      createdS: Math.floor(Date.now() / 1_000),
      streamUsage: call.message.view().wantsStreamUsage,
    };
  }

  #reason(error: Error, otherwise: 'upstream_error' | 'upstream_truncated'): LlmError {
    const { call, provider } = this.#options;
    if (error instanceof LlmError) return error;
    if (call.signal.aborted) return asLlmError(call.signal.reason);
    const code = (error as { code?: string }).code;
    if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
      return new LlmError('upstream_timeout', `The provider ${provider} fell silent.`, { cause: error });
    }
    const message =
      otherwise === 'upstream_truncated'
        ? `The connection to ${provider} broke in the middle of the answer.`
        : `The provider ${provider} could not be reached or broke off.`;
    return new LlmError(otherwise, message, { cause: error });
  }

  #abort(): void {
    const reason = asLlmError(this.#options.call.signal.reason);
    // before there is a controller the request waits for a connection: `onRequestStart` will see the signal
    this.#controller?.abort(reason);
    if (this.#stream === undefined) this.#fail(reason);
  }

  #fail(error: LlmError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#forget();
    this.#options.reject(error);
  }

  #forget(): void {
    this.#options.call.signal.removeEventListener('abort', this.#onAbort);
  }

  #contentType(): string {
    const value = this.#headers['content-type'];
    return typeof value === 'string' ? value : 'application/octet-stream';
  }

  #passedHeaders(): Record<string, string> {
    const passed: Record<string, string> = {};
    for (const name of this.#options.dialect.passedHeaders) {
      const value = this.#headers[name];
      if (typeof value === 'string') passed[name] = value;
    }
    return passed;
  }
}
