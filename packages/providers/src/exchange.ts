import { asLlmError, type LlmCall, LlmError, type LlmReply, ReplyStream, type StreamOutcome } from '@sluice/core';
import { failureInAnswer, type StreamWatcher } from '@sluice/dialects';
import type { Dispatcher } from 'undici';
import type { AnswerReader } from './answers/answer-reader.ts';
import type { LeftStreams } from './left-streams.ts';
import type { Redaction } from './redaction.ts';
import { retryAfterMs, shouldRetry } from './retry-after.ts';
import { brokenAmid, brokenBefore, upstreamError } from './upstream-error.ts';

export interface ExchangeOptions {
  readonly call: LlmCall;
  /** The provider's name, for messages. */
  readonly provider: string;
  readonly answer: AnswerReader;
  /** Which of the provider's headers a client may see. */
  readonly passedHeaders: readonly string[];
  /** A longer whole answer is refused. */
  readonly maxAnswerBytes: number;
  /** A longer event of a stream ends it. */
  readonly maxEventBytes: number;
  /** Made for an answer that is an error: what must not be in it. */
  readonly redaction: () => Redaction;
  /** Where streams that are left are read to their end. */
  readonly leftStreams?: LeftStreams | undefined;
  readonly resolve: (reply: LlmReply) => void;
  readonly reject: (error: LlmError) => void;
}

type Headers = Record<string, string | string[] | undefined>;

/** A stream that is to be held back until its end (`StreamRecovery`) begins to flow when so much has come. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** A refusal says in its first letters why. */
const REFUSAL_BYTES = 16 * 1024;

interface Stream {
  readonly reply: ReplyStream;
  readonly watcher: StreamWatcher;
  readonly contentType: string;
  /** Nobody knows of its bytes whether they are all. */
  readonly unread: boolean;
  bytes: number;
  /** Whether the caller has it: from then on nothing else can be answered. */
  begun: boolean;
}

/**
 * One request and its answer, as undici tells of them.
 *
 * A stream is not answered before its first content has come: what comes before that, a role or a greeting, is no answer yet, and a provider that then
 * fails may be followed by another one.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #length = 0;
  #stream: Stream | undefined;
  #settled = false;
  #readOn: (() => void) | undefined;
  #madeRedaction: Redaction | undefined;

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
    const followed = this.#options.answer.stream(status, this.#contentType());
    if (followed === undefined) return;
    const { watcher, contentType, unread = false } = followed;
    const reply = new ReplyStream({
      pause: () => {
        if (this.#stream?.begun === true) controller.pause();
      },
      resume: () => controller.resume(),
      cancel: () => {
        if (this.#readsOn()) return 'reads_on';
        controller.abort(new LlmError('client_closed', 'The client closed the connection.'));
        return toldBy(watcher);
      },
      progress: () => toldBy(watcher),
    });
    this.#stream = { reply, watcher, contentType, unread, bytes: 0, begun: false };
    if (unread) this.#begin(this.#stream);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const stream = this.#stream;
    if (stream !== undefined) {
      const shown = stream.watcher.read(chunk);
      if (shown.length > 0) stream.reply.push(stream.watcher.told() === undefined ? shown : this.#redaction.bytes(shown));
      if (stream.watcher.unfinished() > this.#options.maxEventBytes) this.#failForLongEvent(controller, stream);
      else if (!stream.begun) this.#beginOrFail(controller, stream, chunk.length);
      return;
    }
    this.#length += chunk.length;
    if (this.#length > this.#options.maxAnswerBytes) {
      const failure = { kind: 'unavailable', status: this.#status } as const;
      controller.abort(upstreamError(failure, `The answer of ${this.#options.provider} is too long.`));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#forget();
    if (this.#stream !== undefined) {
      const { reply, watcher, begun } = this.#stream;
      const rest = watcher.rest();
      if (rest.length > 0) reply.push(rest);
      const outcome = watcher.outcome();
      if (!begun && outcome.end === 'failed') {
        this.#fail(this.#beforeContent(outcome.error));
        return;
      }
      this.#begin(this.#stream);
      const { error } = outcome;
      reply.finish({
        ...outcome,
        ...(error === undefined ? {} : { error: this.#redaction.error(error) }),
        generated: watcher.generated(),
      });
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
    const { call, provider } = this.#options;
    const aborted = error instanceof LlmError ? error : call.signal.aborted ? asLlmError(call.signal.reason) : undefined;
    if (this.#stream?.begun === true) {
      const { reply, watcher, unread } = this.#stream;
      const told = toldBy(watcher);
      const outcome = watcher.outcome();
      if (aborted === undefined && !unread && outcome.end === 'finished') {
        // it had said all that it had to say, and then not ended
        const rest = watcher.rest();
        if (rest.length > 0) reply.push(rest);
        reply.finish({ ...outcome, ...told });
        return;
      }
      const reason = aborted ?? brokenAmid(provider, error);
      if (reason.code === 'client_closed') reply.finish({ end: 'cancelled', ...told });
      else reply.finish({ end: 'failed', error: reason, ...told });
      return;
    }
    this.#fail(aborted ?? brokenBefore(provider, error));
  }

  /** The caller has the stream from now on. */
  #begin(stream: Stream): void {
    if (this.#settled) return;
    this.#settled = true;
    stream.begun = true;
    const { contentType, reply } = stream;
    this.#options.resolve({ status: this.#status, contentType, headers: this.#passedHeaders(), stream: reply });
  }

  #beginOrFail(controller: Dispatcher.DispatchController, stream: Stream, bytes: number): void {
    stream.bytes += bytes;
    const told = stream.watcher.told();
    if (told !== undefined) {
      const error = this.#beforeContent(told);
      this.#fail(error);
      controller.abort(error);
      return;
    }
    const held = this.#options.call.preferences.streamRecovery === 'buffer' && stream.bytes < MAX_HELD_BYTES;
    if (!held && stream.watcher.generated() > 0) this.#begin(stream);
  }

  #failForLongEvent(controller: Dispatcher.DispatchController, stream: Stream): void {
    const failure = { kind: 'unavailable', status: this.#status } as const;
    const error = upstreamError(failure, `The provider ${this.#options.provider} sent an event that is too long.`);
    if (!stream.begun) this.#fail(error);
    controller.abort(error);
  }

  get #redaction(): Redaction {
    this.#madeRedaction ??= this.#options.redaction();
    return this.#madeRedaction;
  }

  /** A stream that failed while nothing of it had been shown is an attempt that failed. */
  #beforeContent(error: LlmError | undefined): LlmError {
    const failure = error?.failure ?? { kind: 'unavailable' };
    const words =
      failure.status !== undefined && failure.status < 500 && failure.kind !== 'credentials' ? error?.message : undefined;
    const retry = this.#retryHints();
    return upstreamError(
      { ...failure, ...retry },
      words !== undefined ? this.#redaction.text(words) : `The provider ${this.#options.provider} broke off before its answer.`,
    );
  }

  #whole(): LlmReply {
    const { provider, answer } = this.#options;
    const status = this.#status;
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const head = { status, contentType: this.#contentType(), headers: this.#passedHeaders(), body };
    if (status === 200) return answer.whole(head);
    const text = head.body.subarray(0, REFUSAL_BYTES).toString('utf8');
    const failure = { ...failureInAnswer(status, text), ...this.#retryHints() };
    // what the provider refuses because of the request is the client's to see; how it treats our credentials is not
    if (status >= 400 && status < 500 && status !== 401 && status !== 402 && status !== 403 && status !== 407)
      return { ...answer.refusal({ ...head, body: this.#redaction.bytes(body) }), failure };
    throw upstreamError(failure, `The provider ${provider} failed (status ${status}).`);
  }

  #retryHints(): { retryAfterMs?: number; shouldRetry?: boolean } {
    const wait = retryAfterMs(this.#headers, Date.now());
    const again = shouldRetry(this.#headers);
    return { ...(wait === undefined ? {} : { retryAfterMs: wait }), ...(again === undefined ? {} : { shouldRetry: again }) };
  }

  /** Whether this stream is read to its end although nobody listens. */
  #readsOn(): boolean {
    const { leftStreams } = this.#options;
    if (this.#stream?.begun !== true || leftStreams === undefined) return false;
    this.#readOn ??= leftStreams.readOn(() => this.#controller?.abort(new LlmError('client_closed', 'The client had left.')));
    if (this.#readOn === undefined) return false;
    this.#controller?.resume();
    return true;
  }

  #abort(): void {
    const reason = asLlmError(this.#options.call.signal.reason);
    if (reason.code === 'client_closed' && this.#readsOn()) return;
    // before there is a controller the request waits for a connection: `onRequestStart` will see the signal
    this.#controller?.abort(reason);
    if (this.#stream?.begun !== true) this.#fail(reason);
  }

  #fail(error: LlmError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#forget();
    this.#options.reject(error);
  }

  #forget(): void {
    this.#options.call.signal.removeEventListener('abort', this.#onAbort);
    this.#readOn?.();
    this.#readOn = undefined;
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
