import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Abortable, CallAbort, errorTexts, LlmError, type Slots } from '@sluice/core';
import { HalfClosedWatch, type OpenResponse } from './half-closed.ts';
import { type StreamLimits, StreamWriter } from './stream-writer.ts';

/** A request of a client, from its arrival until its response is closed. */
export class ServedRequest implements OpenResponse {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts the call. */
  readonly abort = new CallAbort();
  readonly #inFlight: Slots<Abortable>;
  readonly #slot: number;
  readonly #limits: () => StreamLimits;
  readonly #watch: HalfClosedWatch;
  #stream: StreamWriter | undefined;
  #deadline: NodeJS.Timeout | undefined;

  /**
   * @param inFlight holds what aborts the call, until the response is closed
   * @param limits returns the current stream settings
   */
  constructor(request: IncomingMessage, response: ServerResponse, inFlight: Slots<Abortable>, limits: () => StreamLimits) {
    this.request = request;
    this.response = response;
    this.#inFlight = inFlight;
    this.#limits = limits;
    this.#slot = inFlight.add(this.abort);
    this.#watch = HalfClosedWatch.of(request.socket);
    this.#watch.add(this);
    response.on('close', () => this.#closed());
  }

  /** Sends the response as a stream. */
  get stream(): StreamWriter {
    this.#stream ??= new StreamWriter(this.response, this.#limits());
    return this.#stream;
  }

  /** Whether the response is a stream that has begun. */
  get isStreaming(): boolean {
    return this.#stream?.open === true;
  }

  comment(): void {
    this.#stream?.comment();
  }

  /** Aborts the call after a time, in milliseconds. */
  abortAfter(timeoutMs: number): void {
    this.#deadline = setTimeout(() => this.abort.abort(deadlinePassed(timeoutMs)), timeoutMs);
  }

  #closed(): void {
    this.#watch.remove(this);
    clearTimeout(this.#deadline);
    this.#inFlight.remove(this.#slot);
    if (!this.response.writableFinished) this.abort.abort(new LlmError('client_closed', errorTexts.clientClosed));
  }
}

export function deadlinePassed(timeoutMs: number): LlmError {
  return new LlmError('upstream_timeout', errorTexts.callDeadline(timeoutMs));
}
