import type { ServerResponse } from 'node:http';
import { type LlmCall, LlmError, type ReplyStream, type StreamOutcome } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';

export interface StreamLimits {
  /** A comment is sent after so long a silence, in milliseconds. */
  readonly heartbeat: number;
  /** A client that takes nothing for so long is given up, in milliseconds. */
  readonly stalled: number;
}

const LF = 0x0a;
const CR = 0x0d;
/** A line that begins with a colon is a comment (HTML, section 9.2.6). */
const KEEP_ALIVE = ': keep-alive\n\n';
/** google-genai for Python parses each line that is not empty and not `data:` as JSON; an empty line between events says nothing (HTML, section 9.2.6). */
const GEMINI_KEEP_ALIVE = '\n';

/** Space in front of a line's JSON is nothing; an empty line is an error to Ollama's clients. */
const LINES_KEEP_ALIVE = ' ';

/** Sends a stream to its client: no faster than that reads, with a sign of life where the provider is silent, and never with an end that is none. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  /** Whether a comment may be sent now: the stream has events that comments may stand between, and none is half sent. */
  #between = false;
  #keepAlive = KEEP_ALIVE;
  #events = false;
  #begun = false;
  #ended = false;

  constructor(response: ServerResponse, limits: StreamLimits) {
    this.#response = response;
    this.#limits = limits;
  }

  write(call: LlmCall, stream: ReplyStream, contentType: string): void {
    const response = this.#response;
    const events = contentType.startsWith('text/event-stream');
    const lines = contentType.startsWith('application/x-ndjson');
    this.#events = events;
    if (lines) this.#keepAlive = LINES_KEEP_ALIVE;
    else if (call.dialect === 'gemini') this.#keepAlive = GEMINI_KEEP_ALIVE;
    this.#between = events || lines;
    const heartbeat = events || lines ? setInterval(() => this.comment(), this.#limits.heartbeat) : undefined;
    let stalled: NodeJS.Timeout | undefined;
    response.on('drain', () => {
      clearTimeout(stalled);
      stream.resume();
    });
    response.on('close', () => {
      clearInterval(heartbeat);
      clearTimeout(stalled);
      stream.cancel();
    });
    stream.consume({
      chunk: (bytes) => {
        this.#begun = true;
        this.#between = lines ? bytes.at(-1) === LF : events && endsEvent(bytes);
        heartbeat?.refresh();
        const more = response.write(bytes);
        if (!more) stalled = setTimeout(() => response.destroy(), this.#limits.stalled);
        return more;
      },
      end: (outcome) => {
        this.#ended = true;
        clearInterval(heartbeat);
        this.#end(call, outcome);
      },
    });
  }

  /** Sends something that means nothing. */
  comment(): void {
    if (this.#between && !this.#ended && !this.#response.writableNeedDrain) this.#response.write(this.#keepAlive);
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

/** Whether an empty line ends the bytes. */
function endsEvent(bytes: Uint8Array): boolean {
  const last = bytes.at(-1);
  if (last === LF) return bytes.at(-2) === LF || (bytes.at(-2) === CR && bytes.at(-3) === LF);
  return last === CR && bytes.at(-2) === CR;
}
