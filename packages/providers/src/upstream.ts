import { asLlmError, type LlmCall, LlmError, type LlmReply, type LlmService, ReplyStream } from '@sluice/core';
import { OPENAI_PATHS, type OpenAiOperation, OpenAiStreamReader, readWholeUsage } from '@sluice/dialects';
import { type Dispatcher, Pool } from 'undici';

export interface UpstreamOptions {
  /** The provider's name, for messages. */
  readonly provider: string;
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

/** What a client may see of a provider's headers. An allow-list: the rest may name hosts, organisations or keys. */
const PASSED_HEADERS = ['retry-after', 'openai-processing-ms', 'openai-version'];

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * A provider that speaks OpenAI's dialect, over HTTP. One pool of kept connections an origin and credential; bytes go through as they are.
 * Redirects are not followed: they could carry the key to another host.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #headers: string[];

  constructor(options: UpstreamOptions) {
    const url = new URL(options.baseUrl);
    this.#options = options;
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
    if (options.apiKey !== undefined) this.#headers.push('authorization', `Bearer ${options.apiKey}`);
  }

  /** The service that one model of this provider is. */
  model(model: string): LlmService {
    return { complete: (call) => this.#complete(call, model) };
  }

  /** Lets the calls under way finish, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Closes the connections at once. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  #complete(call: LlmCall, model: string): Promise<LlmReply> {
    const path: string | undefined = OPENAI_PATHS[call.operation as OpenAiOperation];
    if (path === undefined) throw new LlmError('not_found', 'The provider has no such operation.');
    const view = call.message.view();
    const streamUsage = call.operation === 'chat' || call.operation === 'completions';
    const body = call.message.forUpstream({ model, streamUsage });
    return new Promise((resolve, reject) => {
      if (call.signal.aborted) {
        reject(asLlmError(call.signal.reason));
        return;
      }
      const exchange = new Exchange({
        provider: this.#options.provider,
        maxAnswerBytes: this.#options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
        hideUsage: view.stream && streamUsage && !view.wantsStreamUsage,
        call,
        resolve,
        reject,
      });
      this.#pool.dispatch(
        {
          method: 'POST',
          path: this.#basePath + path,
          headers: call.traceparent === undefined ? this.#headers : [...this.#headers, 'traceparent', call.traceparent],
          body: Buffer.from(body.buffer, body.byteOffset, body.length),
        },
        exchange,
      );
    });
  }
}

interface ExchangeOptions {
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
  #stream: { reply: ReplyStream; reader: OpenAiStreamReader } | undefined;
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
    const reader = new OpenAiStreamReader(this.#options.hideUsage);
    const reply = new ReplyStream({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      cancel: () => controller.abort(new LlmError('client_closed', 'The client closed the connection.')),
    });
    this.#stream = { reply, reader };
    this.#settled = true;
    this.#options.resolve({ status, contentType, headers: this.#passedHeaders(), stream: reply });
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
    if (status === 200) {
      const usage = readWholeUsage(body);
      return usage === undefined ? head : { ...head, usage };
    }
    // what the provider refuses because of the request is the client's to see; how it treats our credentials is not
    if (status >= 400 && status < 500 && status !== 401 && status !== 402 && status !== 403 && status !== 407) return head;
    throw new LlmError('upstream_error', `The provider ${provider} failed (status ${status}).`);
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
    for (const name of PASSED_HEADERS) {
      const value = this.#headers[name];
      if (typeof value === 'string') passed[name] = value;
    }
    return passed;
  }
}
