import type { ServerResponse } from 'node:http';
import { type LlmCall, LlmError, type ReplyStream, type StreamOutcome } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';
import { type KeepAlive, keepAliveOf } from './keep-alive.ts';

export interface StreamLimits {
  /** A sign of life is sent after so long a silence, in milliseconds. */
  readonly heartbeat: number;
  /** A stream begins before its answer if that takes so long, in milliseconds; never, if not given. */
  readonly headersAfter?: number | undefined;
  /** A client that takes nothing for so long is given up, in milliseconds. */
  readonly stalled: number;
}

/** Sends a stream to its client: no faster than that reads, with a sign of life where the provider is silent, and never with an end that is none. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  /** Whether a sign of life may be sent now: the stream has places for it, and no event is half sent. */
  #between = false;
  #keepAlive: KeepAlive | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #events = false;
  #begun = false;
  #ended = false;

  constructor(response: ServerResponse, limits: StreamLimits) {
    this.#response = response;
    this.#limits = limits;
  }

  /** Whether the response has begun. */
  get open(): boolean {
    return this.#heartbeat !== undefined;
  }

  /** Begins a stream whose answer is still to come, with a sign of life. */
  begin(call: LlmCall, contentType: string): void {
    this.#open(call, contentType);
    this.comment();
  }

  /** Ends a stream that has begun and has no answer. */
  fail(call: LlmCall, error: LlmError): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    if (!this.#response.destroyed) this.#end(call, { end: 'failed', error });
  }

  #open(call: LlmCall, contentType: string): void {
    if (this.#keepAlive !== undefined) return;
    this.#events = contentType.startsWith('text/event-stream');
    this.#keepAlive = keepAliveOf(call, contentType);
    this.#between = this.#keepAlive !== undefined;
    if (!this.#between) return;
    this.#heartbeat = setInterval(() => this.comment(), this.#limits.heartbeat);
    this.#response.on('close', () => clearInterval(this.#heartbeat));
  }

  write(call: LlmCall, stream: ReplyStream, contentType: string): void {
    const response = this.#response;
    this.#open(call, contentType);
    const keepAlive = this.#keepAlive;
    let stalled: NodeJS.Timeout | undefined;
    response.on('drain', () => {
      clearTimeout(stalled);
      stream.resume();
    });
    response.on('close', () => {
      clearTimeout(stalled);
      stream.cancel();
    });
    stream.consume({
      chunk: (bytes) => {
        this.#begun = true;
        this.#between = keepAlive?.between(bytes) === true;
        this.#heartbeat?.refresh();
        const more = response.write(bytes);
        if (!more) stalled = setTimeout(() => response.destroy(), this.#limits.stalled);
        return more;
      },
      end: (outcome) => {
        this.#ended = true;
        clearInterval(this.#heartbeat);
        this.#end(call, outcome);
      },
    });
  }

  /** Sends something that means nothing. */
  comment(): void {
    const keepAlive = this.#keepAlive;
    if (keepAlive === undefined || !this.#between || this.#ended || this.#response.writableNeedDrain) return;
    this.#response.write(keepAlive.text);
  }

  #end(call: LlmCall, { end, error }: StreamOutcome): void {
    const response = this.#response;
    if (end === 'failed' || error !== undefined) {
      if (call.operation === 'other') {
        // bytes of which nothing is known have no place for an error: a connection that breaks is one
        response.destroy();
        return;
      }
      const reason = error ?? new LlmError('upstream_truncated', 'The provider broke off.');
      const { framing = 'sse' } = call.message.view();
      const begun = this.#begun;
      // an event that was cut within would swallow the one that says so
      if (this.#events && !this.#between) response.write('\n\n');
      response.write(DIALECTS[call.dialect].renderStreamError(reason, { requestId: call.requestId, framing, begun }));
    }
    response.end();
  }
}
