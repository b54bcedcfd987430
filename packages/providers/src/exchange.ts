import { asLlmError, type LlmCall, LlmError, type LlmReply, ReplyStream, type StreamOutcome } from '@sluice/core';
import type { StreamWatcher } from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import type { AnswerReader } from './answers/answer-reader.ts';

export interface ExchangeOptions {
  readonly call: LlmCall;
  /** The provider's name, for messages. */
  readonly provider: string;
  readonly answer: AnswerReader;
  /** Which of the provider's headers a client may see. */
  readonly passedHeaders: readonly string[];
  /** A longer whole answer is refused. */
  readonly maxAnswerBytes: number;
  readonly resolve: (reply: LlmReply) => void;
  readonly reject: (error: LlmError) => void;
}

type Headers = Record<string, string | string[] | undefined>;

/** One request and its answer, as undici tells of them. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #length = 0;
  #stream: { reply: ReplyStream; watcher: StreamWatcher } | undefined;
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
    const streamed = this.#options.answer.stream(status, this.#contentType());
    if (streamed === undefined) return;
    const { watcher, contentType } = streamed;
    const reply = new ReplyStream({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      cancel: () => {
        controller.abort(new LlmError('client_closed', 'The client closed the connection.'));
        return toldBy(watcher);
      },
      progress: () => toldBy(watcher),
    });
    this.#stream = { reply, watcher };
    this.#settled = true;
    this.#options.resolve({ status, contentType, headers: this.#passedHeaders(), stream: reply });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream !== undefined) {
      const shown = this.#stream.watcher.read(chunk);
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
      const { reply, watcher } = this.#stream;
      const rest = watcher.rest();
      if (rest.length > 0) reply.push(rest);
      reply.finish({ ...watcher.outcome(), generated: watcher.generated() });
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
      const { reply, watcher } = this.#stream;
      const told = toldBy(watcher);
      const reason = this.#reason(error, 'upstream_truncated');
      if (reason.code === 'client_closed') reply.finish({ end: 'cancelled', ...told });
      else reply.finish({ end: 'failed', error: reason, ...told });
      return;
    }
    this.#fail(this.#reason(error, 'upstream_error'));
  }

  #whole(): LlmReply {
    const { provider, answer } = this.#options;
    const status = this.#status;
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const head = { status, contentType: this.#contentType(), headers: this.#passedHeaders(), body };
    if (status === 200) return answer.whole(head);
    // what the provider refuses because of the request is the client's to see; how it treats our credentials is not
    if (status >= 400 && status < 500 && status !== 401 && status !== 402 && status !== 403 && status !== 407)
      return answer.refusal(head);
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
    for (const name of this.#options.passedHeaders) {
      const value = this.#headers[name];
      if (typeof value === 'string') passed[name] = value;
    }
    return passed;
  }
}

/** What had come of a stream that is not finished. */
function toldBy(watcher: StreamWatcher): Pick<StreamOutcome, 'usage' | 'generated'> {
  const usage = watcher.usage();
  return { ...(usage === undefined ? {} : { usage }), generated: watcher.generated() };
}
