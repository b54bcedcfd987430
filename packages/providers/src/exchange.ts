import { asLlmError, errorTexts, LlmError, ReplyStream } from '@sluice/core';
import { type Dispatcher, errors } from 'undici';
import { AnswerHead, type AnswerHeaders } from './answer-head.ts';
import type { BodyKind } from './answers/body-kind.ts';
import { BodyIntake, type BodyTo } from './body-intake.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import { finishBroken, type IncomingStream, MAX_HELD_BYTES, progressOf } from './followed-stream.ts';
import type { Redaction } from './redaction.ts';
import { StallTimer } from './stall-timer.ts';
import { brokenAmid, brokenBefore, upstreamError } from './upstream-error.ts';
import { failedBeforeContent, wholeAnswer } from './whole-answer.ts';

/**
 * One request and its response, as undici's handler.
 *
 * The reply is returned on the first content chunk, not on response headers. Until then a failure can still fail over to
 * another target.
 */
export class Exchange implements Dispatcher.DispatchHandler, BodyTo {
  readonly #options: ExchangeOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #head = new AnswerHead(0, {});
  #body: BodyIntake | undefined;
  #chunks: Buffer[] = [];
  #length = 0;
  #stream: IncomingStream | undefined;
  #settled = false;
  #endDrain: (() => void) | undefined;
  #madeRedaction: Redaction | undefined;
  readonly #stall: StallTimer | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { stallMs } = options;
    if (stallMs !== undefined) this.#stall = new StallTimer(stallMs, () => this.#stop(new errors.BodyTimeoutError()));
    options.call.signal.addEventListener('abort', this, { once: true });
  }

  /** Called when the call is aborted. */
  handleEvent(): void {
    this.#abort();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#options.call.signal.aborted) this.#abort();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.#head = new AnswerHead(status, headers);
    this.#body = new BodyIntake(this.#head.contentEncoding, this);
    // an unparsed body begins before its first byte
    if (this.#options.answer.unread === true) this.beginBody('other');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#settled) this.#options.call.alive?.();
    this.#body?.write(chunk);
  }

  onResponseEnd(): void {
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#broke(error);
  }

  /** Begins the body, once its kind is known. */
  beginBody(kind: BodyKind): void {
    if (this.#stream !== undefined || !this.#head.succeeded) return;
    const followed = this.#options.answer.stream(this.#head.contentType, kind);
    if (followed === undefined) return;
    const { observer, contentType, unread = false } = followed;
    const reply = new ReplyStream({
      pause: () => this.#pause(),
      resume: () => this.#resume(),
      cancel: () => {
        if (this.#startDraining()) return 'draining';
        this.#stop(new LlmError('client_closed', errorTexts.clientClosed));
        return progressOf(observer);
      },
      progress: () => progressOf(observer),
    });
    this.#stream = { reply, observer, contentType, unread, bytes: 0, begun: false };
    if (unread) this.#begin(this.#stream);
  }

  takeBody(chunk: Buffer): void {
    const stream = this.#stream;
    if (stream !== undefined) {
      const shown = stream.observer.read(chunk);
      if (shown.length > 0)
        stream.reply.push(stream.observer.reportedError() === undefined ? shown : this.#redaction.bytes(shown));
      if (stream.observer.unfinished() > this.#options.maxEventBytes) this.#failForLongEvent(stream);
      else if (!stream.begun) this.#beginOrFail(stream, chunk.length);
      if (this.#stall !== undefined && stream.observer.generated() > 0) this.#stall.restart();
      return;
    }
    this.#length += chunk.length;
    if (this.#length > this.#options.maxAnswerBytes) {
      this.#stop(this.#unavailable(errorTexts.answerTooLong(this.#options.provider)));
    } else this.#chunks.push(chunk);
  }

  endBody(): void {
    this.#forget();
    if (this.#stream !== undefined) {
      this.#endStream(this.#stream);
      return;
    }
    if (this.#settled) return;
    this.#settled = true;
    try {
      const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      this.#options.resolve(wholeAnswer(this.#options, this.#head, body, () => this.#redaction));
    } catch (thrown) {
      const error = asLlmError(thrown);
      // the answer reports its own failure
      this.#options.reject(error.code === 'upstream_truncated' ? this.#beforeContent(error) : error);
    }
  }

  #endStream(stream: IncomingStream): void {
    const { reply, observer, begun } = stream;
    const rest = observer.rest();
    if (rest.length > 0) reply.push(rest);
    const outcome = observer.outcome();
    if (!begun && outcome.end === 'failed') {
      this.#fail(this.#beforeContent(outcome.error));
      return;
    }
    this.#begin(stream);
    const { error } = outcome;
    reply.finish({
      ...outcome,
      error: error && this.#redaction.error(error),
      generated: observer.generated(),
    });
  }

  #broke(error: Error): void {
    this.#forget();
    this.#body?.destroy();
    const { call, provider } = this.#options;
    const aborted = error instanceof LlmError ? error : call.signal.aborted ? asLlmError(call.signal.reason) : undefined;
    if (this.#stream?.begun !== true) {
      this.#fail(aborted ?? brokenBefore(provider, error));
      return;
    }
    finishBroken(this.#stream, aborted, () => brokenAmid(provider, error));
  }

  failBody(cause: Error): void {
    const stream = this.#stream;
    // only the end of the content coding is missing: the answer is complete
    if (stream?.begun === true && !stream.unread && stream.observer.outcome().end === 'finished') {
      this.#stop(cause);
      return;
    }
    this.#stop(this.#unavailable(errorTexts.answerNotDecodable(this.#options.provider), cause));
  }

  /** Ends the exchange, even if bytes are still to arrive. */
  #stop(reason: Error): void {
    if (this.#body?.complete === true) this.#broke(reason);
    else this.#controller?.abort(reason);
  }

  #pause(): void {
    if (this.#stream?.begun !== true) return;
    if (this.#body?.complete !== true) this.#controller?.pause();
    this.#body?.pause();
  }

  #resume(): void {
    if (this.#body?.complete !== true) this.#controller?.resume();
    this.#body?.resume();
  }

  /** Passes the stream to the caller. Failover is no longer possible. */
  #begin(stream: IncomingStream): void {
    if (this.#settled) return;
    this.#settled = true;
    stream.begun = true;
    const { contentType, reply, unread } = stream;
    const headers = this.#head.passed(this.#options.passedHeaders);
    this.#options.resolve({ status: unread ? this.#head.status : 200, contentType, headers, stream: reply });
  }

  #beginOrFail(stream: IncomingStream, bytes: number): void {
    stream.bytes += bytes;
    const reported = stream.observer.reportedError();
    if (reported !== undefined) {
      const error = this.#beforeContent(reported);
      this.#fail(error);
      this.#stop(error);
      return;
    }
    const held = this.#options.call.preferences.streamRecovery === 'buffer' && stream.bytes < MAX_HELD_BYTES;
    if (!held && stream.observer.generated() > 0) this.#begin(stream);
  }

  #failForLongEvent(stream: IncomingStream): void {
    const error = this.#unavailable(errorTexts.eventTooLong(this.#options.provider));
    if (!stream.begun) this.#fail(error);
    this.#stop(error);
  }

  #unavailable(message: string, cause?: Error): LlmError {
    return upstreamError({ kind: 'server_error', status: this.#head.status }, message, cause);
  }

  #beforeContent(error: LlmError | undefined): LlmError {
    return failedBeforeContent(this.#options.provider, this.#head, error, () => this.#redaction);
  }

  get #redaction(): Redaction {
    this.#madeRedaction ??= this.#options.redaction();
    return this.#madeRedaction;
  }

  /** Drains the stream after its client has disconnected, if the drain limit permits it. Returns whether it is drained. */
  #startDraining(): boolean {
    const { drainPool } = this.#options;
    if (this.#stream?.begun !== true || drainPool === undefined) return false;
    this.#endDrain ??= drainPool.drain(() => this.#stop(new LlmError('client_closed', errorTexts.clientClosedDrained)));
    if (this.#endDrain === undefined) return false;
    this.#resume();
    return true;
  }

  #abort(): void {
    const reason = asLlmError(this.#options.call.signal.reason);
    if (reason.code === 'client_closed' && this.#startDraining()) return;
    // without a controller, the request waits for a connection: `onRequestStart` checks the signal
    this.#stop(reason);
    if (this.#stream?.begun !== true) this.#fail(reason);
  }

  #fail(error: LlmError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#forget();
    this.#options.reject(error);
  }

  #forget(): void {
    this.#stall?.clear();
    this.#options.call.signal.removeEventListener('abort', this);
    this.#endDrain?.();
    this.#endDrain = undefined;
  }
}
