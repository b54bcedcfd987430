import { isReportedError } from '../failures/reported-error.ts';
import { isObject, parseJson } from '../neutral/read-json.ts';
import { UnfinishedBytes } from './unfinished-bytes.ts';

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits a byte stream into server-sent events, whatever its line ends (LF, CRLF, CR) and however its chunks are split. An
 * event includes its terminating blank line, so that all events together are the stream. Source: WHATWG HTML, section 9.2.6,
 * "Interpreting an event stream".
 */
export class SseEvents {
  readonly #unfinished = new UnfinishedBytes();
  /**
   * Position up to which the unfinished event was searched, so that a long event is not searched from its start with each
   * chunk.
   */
  #searched = 0;

  /** Number of bytes of the incomplete event. */
  get unfinished(): number {
    return this.#unfinished.length;
  }

  /** Returns the events that this chunk completes. */
  feed(chunk: Buffer): Buffer[] {
    const bytes = this.#unfinished.with(chunk);
    const events: Buffer[] = [];
    let start = 0;
    let at = this.#searched;
    for (;;) {
      const end = endOfEvent(bytes, start, at);
      if (end === -1) break;
      events.push(bytes.subarray(start, end));
      start = end;
      at = end;
    }
    this.#unfinished.from(start);
    this.#searched = Math.max(0, this.#unfinished.length - 3);
    return events;
  }

  /** Removes and returns the bytes after the last complete event. */
  flush(): Buffer {
    this.#searched = 0;
    return this.#unfinished.take();
  }
}

/**
 * Returns the offset after the blank line that ends the event, or -1. A CR at the very end may be half of a CRLF, which the
 * next chunk decides.
 */
function endOfEvent(bytes: Buffer, start: number, from: number): number {
  for (let at = from; ; ) {
    const lf = bytes.indexOf(LF, at);
    const cr = bytes.indexOf(CR, at);
    if (cr === -1 || (lf !== -1 && lf < cr)) {
      // the common case: lines end with LF only
      if (lf === -1) return -1;
      const next = bytes[lf + 1];
      if (lf === start || next === LF) return lf === start ? lf + 1 : lf + 2;
      if (next === CR) {
        const end = endOfLine(bytes, lf + 1);
        return end;
      }
      at = lf + 1;
      continue;
    }
    const lineEnd = endOfLine(bytes, cr);
    if (lineEnd === -1) return -1;
    if (cr === start) return lineEnd;
    const next = bytes[lineEnd];
    if (next === LF) return lineEnd + 1;
    if (next === CR) return endOfLine(bytes, lineEnd);
    at = lineEnd;
  }
}

/** Returns the offset after the line end that begins with the CR at `cr`; -1 if it is still unknown whether an LF follows. */
function endOfLine(bytes: Buffer, cr: number): number {
  if (cr + 1 >= bytes.length) return -1;
  return bytes[cr + 1] === LF ? cr + 2 : cr + 1;
}

/**
 * Returns the data of an event, its lines joined. Bare JSON counts as data: some servers end a stream with the body of an
 * error. Text data of an event `error` becomes the JSON of an error.
 */
export function dataOf(event: Buffer): string {
  const text = event.toString('utf8');
  const lines: string[] = [];
  let isError = false;
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line.startsWith('event:')) isError = line.slice(6).trim() === 'error';
  }
  if (lines.length === 0) return text.startsWith('{') ? text.trim() : '';
  const data = lines.join('\n');
  return isError ? errorData(data) : data;
}

function errorData(data: string): string {
  const value = parseJson(data);
  if (isObject(value) && isReportedError(value)) return data;
  return JSON.stringify({ type: 'error', error: isObject(value) ? value : { message: data } });
}

/** Concatenates events, without a copy if they are adjacent in memory, like the events of one chunk. */
export function joined(events: readonly Buffer[]): Buffer {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  const length = events.reduce((sum, event) => sum + event.length, 0);
  const adjoin = last.byteOffset + last.length - first.byteOffset === length;
  const oneBuffer = events.every((event) => event.buffer === first.buffer);
  return oneBuffer && adjoin ? Buffer.from(first.buffer, first.byteOffset, length) : Buffer.concat(events);
}
