/** Where a top-level value stands in a JSON text, as byte offsets [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface JsonScan {
  /** How many members the top-level object has, duplicates counted. */
  readonly members: number;
  /** The values of the keys that were asked for; of a duplicate the last. */
  readonly spans: ReadonlyMap<string, Span>;
  /** The deepest nesting; the top-level object is 1. */
  readonly depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/** The offset after the string that begins at `start`. Native search jumps over long texts, which are most of a prompt. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    let escapes = 0;
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** A member's name; it may be spelled with escapes. */
function nameIn(quoted: Buffer): string {
  if (!quoted.includes(BACKSLASH)) return quoted.toString('latin1', 1, quoted.length - 1);
  try {
    return JSON.parse(quoted.toString('utf8')) as string;
  } catch {
    // not JSON: the parser will say so
    return '';
  }
}

/**
 * Reads the structure of a JSON object without building it: nesting depth, number of top-level members, and where the values of
 * `wanted` stand. It trusts nothing but quotes and brackets, so it is safe on any bytes; whether they are JSON is the parser's matter.
 * It stops at `maxDepth`, before a parser or a serializer would recurse that deep.
 */
export function scanJson(bytes: Buffer, wanted: ReadonlySet<string>, maxDepth: number): JsonScan {
  const spans = new Map<string, Span>();
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let key: string | undefined;
  let valueStart = -1;
  let stringStart = -1;
  let stringEnd = -1;

  const closeValue = (end: number): void => {
    if (key !== undefined && valueStart !== -1) {
      let last = end;
      while (last > valueStart && (bytes[last - 1] as number) <= 0x20) last--;
      spans.set(key, { start: valueStart, end: last });
    }
    key = undefined;
    valueStart = -1;
  };

  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number;
    if (depth === 1 && valueStart === -1 && key !== undefined && byte > 0x20) valueStart = at;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (depth === 1) {
        stringStart = at;
        stringEnd = end;
      }
      at = end;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
      if (depth > maxDepth) break;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 1) closeValue(at);
      depth--;
    } else if (depth === 1) {
      if (byte === COLON && valueStart === -1) {
        members++;
        const name = nameIn(bytes.subarray(stringStart, stringEnd));
        key = wanted.has(name) ? name : undefined;
      } else if (byte === COMMA) {
        closeValue(at);
      }
    }
    at++;
  }
  return { members, spans, depth: deepest };
}
