import type { ServerResponse } from 'node:http';
import { errorTexts, type LlmCall, LlmError, type ReplyStream, type StreamOutcome } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';
import { type KeepAlive, keepAliveOf } from './keep-alive.ts';

export interface StreamLimits {
  /** Time without bytes after which a keep-alive is sent, in milliseconds. */
  readonly heartbeat: number;
  /** Time without a reply after which a stream begins, in milliseconds; undefined to always wait for the reply. */
  readonly headersAfter?: number | undefined;
  /** How long a client may read nothing before its connection is closed, in milliseconds. */
  readonly stalled: number;
}

/**
 * Sends a stream to its client with backpressure. Sends a keep-alive while the provider is silent. A broken stream never looks
 * complete.
 */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  /** Whether a keep-alive may be sent now: its format is known, and no event is partly sent. */
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

  /** Begins a stream before its reply arrives, with a keep-alive. */
  begin(call: LlmCall, contentType: string): void {
    this.#open(call, contentType);
    this.comment();
  }

  /** Ends a stream that has begun but has no reply. */
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

  /** Sends a keep-alive if the stream allows it now. */
  comment(): void {
    const keepAlive = this.#keepAlive;
    if (keepAlive === undefined || !this.#between || this.#ended || this.#response.writableNeedDrain) return;
    this.#response.write(keepAlive.text);
  }

  #end(call: LlmCall, { end, error }: StreamOutcome): void {
    const response = this.#response;
    if (end === 'failed' || error !== undefined) {
      if (call.operation === 'other') {
        // bytes in an unknown format cannot contain an error event, so the connection is reset instead
        response.destroy();
        return;
      }
      const reason = error ?? new LlmError('upstream_truncated', errorTexts.streamEndedEarly);
      const { framing = 'sse' } = call.message.view();
      const begun = this.#begun;
      // without an empty line, a partly sent event would swallow the error event
      if (this.#events && !this.#between) response.write('\n\n');
      response.write(DIALECTS[call.dialect].renderStreamError(reason, { requestId: call.requestId, framing, begun }));
    }
    response.end();
  }
}
