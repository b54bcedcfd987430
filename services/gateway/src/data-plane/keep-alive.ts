import type { LlmCall } from '@sluice/core';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** A no-op text that may be sent between two events of a stream. */
export interface KeepAlive {
  readonly text: string;
  /** Processes sent bytes and returns whether the text may follow them. */
  between(bytes: Uint8Array): boolean;
}

/** A line that begins with a colon is a comment (HTML, section 9.2.6). */
const COMMENT: KeepAlive = { text: ': keep-alive\n\n', between: endsEvent };
/**
 * Anthropic's streams contain this event, and its SDKs skip it. Source: Anthropic's documentation, "Streaming messages", ping
 * events.
 */
const PING: KeepAlive = { text: 'event: ping\ndata: {"type": "ping"}\n\n', between: endsEvent };
/**
 * google-genai for Python parses each non-empty line without `data:` as JSON. An empty line between events has no effect (HTML,
 * section 9.2.6).
 */
const EMPTY_LINE: KeepAlive = { text: '\n', between: endsEvent };
/** A space in front of a line's JSON has no effect. An empty line is an error for Ollama's clients. */
const SPACE_BETWEEN_LINES: KeepAlive = { text: ' ', between: (bytes) => bytes.at(-1) === LF };

/** White space between the elements of a JSON list (RFC 8259, section 2). */
class SpaceInList implements KeepAlive {
  readonly text = ' ';
  #depth = 0;
  #inText = false;
  #escaped = false;

  between(bytes: Uint8Array): boolean {
    for (const byte of bytes) this.#take(byte);
    return this.#depth <= 1 && !this.#inText;
  }

  #take(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inText && byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inText = !this.#inText;
    else if (this.#inText) return;
    else if (OPEN.has(byte)) this.#depth++;
    else if (CLOSE.has(byte)) this.#depth--;
  }
}

/** Returns the keep-alive of a stream; undefined for bytes in an unknown format. */
export function keepAliveOf({ dialect, operation }: LlmCall, contentType: string): KeepAlive | undefined {
  if (contentType.startsWith('application/x-ndjson')) return SPACE_BETWEEN_LINES;
  const isKnown = operation !== 'other';
  if (isKnown && contentType.startsWith('application/json')) return new SpaceInList();
  if (!contentType.startsWith('text/event-stream')) return undefined;
  if (dialect === 'gemini') return EMPTY_LINE;
  return isKnown && dialect === 'anthropic-messages' ? PING : COMMENT;
}

/** Returns whether the bytes end with an empty line. */
function endsEvent(bytes: Uint8Array): boolean {
  const last = bytes.at(-1);
  if (last === LF) return bytes.at(-2) === LF || (bytes.at(-2) === CR && bytes.at(-3) === LF);
  return last === CR && bytes.at(-2) === CR;
}
