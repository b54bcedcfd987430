/** Position of a top-level value in a JSON text, as byte offsets [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface JsonScan {
  /** Number of members of the top-level object, including duplicates. */
  readonly members: number;
  /** Values of the requested keys; of a duplicate the last one. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Deepest nesting; the top-level object has depth 1. */
  readonly depth: number;
  /** Number of members, objects and lists in the whole text: the main cost of parsing and of all later steps. */
  readonly nodes: number;
  /** Number of commas in the whole text: approximately the number of values. */
  readonly values: number;
  /** Whether a member below the top level may be named `__proto__`: its name begins with an underscore or an escape. */
  readonly oddNames: boolean;
}

/** Bounds at which a scan stops, before a parser, a serializer or a translation would process more. */
export interface ScanBounds {
  readonly depth: number;
  readonly nodes: number;
  readonly values: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA_BYTE = 0x2c;
const UNDERSCORE = 0x5f;
/**
 * Number of bytes in which the end of a string is searched byte by byte, which is faster for short texts and for many escapes.
 */
const NEAR = 64;

const OTHER = 0;
const STRING = 1;
const OPEN = 2;
const CLOSE = 3;
const COMMA = 4;
const COLON = 5;
const NOT_ASCII = 6;
/** Meaning of each byte outside a string. */
const KINDS = new Uint8Array(256).fill(NOT_ASCII, 0x80);
KINDS[QUOTE] = STRING;
KINDS[0x7b] = OPEN;
KINDS[0x5b] = OPEN;
KINDS[0x7d] = CLOSE;
KINDS[0x5d] = CLOSE;
KINDS[COMMA_BYTE] = COMMA;
KINDS[0x3a] = COLON;

/** Returns the offset after the string that begins at `start`. Native search skips long texts, which are most of a prompt. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const near = at + NEAR;
    while (at < near && at < bytes.length) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      at += byte === BACKSLASH ? 2 : 1;
    }
    if (at >= bytes.length) return bytes.length;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    let escapes = 0;
    while (quote - 1 - escapes >= at && bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Returns a member's name, with its escapes decoded. */
function nameIn(quoted: Buffer): string {
  if (!quoted.includes(BACKSLASH)) return quoted.toString('latin1', 1, quoted.length - 1);
  try {
    return JSON.parse(quoted.toString('utf8')) as string;
  } catch {
    // not JSON: the parser refuses it
    return '';
  }
}

/** Counts the structure of a text while skipping it. */
class Structure {
  depth = 0;
  deepest = 0;
  nodes = 0;
  values = 0;
  oddNames = false;
  /** False for a text with other than ASCII characters outside its strings. */
  isJson = true;
  readonly #bounds: ScanBounds;

  constructor(bounds: ScanBounds) {
    this.#bounds = bounds;
  }

  get over(): boolean {
    const { depth, nodes, values } = this.#bounds;
    return this.deepest > depth || this.nodes > nodes || this.values > values;
  }

  open(): void {
    this.nodes++;
    this.depth++;
    if (this.depth > this.deepest) this.deepest = this.depth;
  }

  /** Skips the list or object that begins at `start`, or the part of it before a bound. Returns the offset after it. */
  skip(bytes: Buffer, start: number): number {
    const outside = this.depth;
    let text = start;
    for (let at = start; at < bytes.length; at++) {
      switch (KINDS[bytes[at] as number]) {
        case OTHER:
          continue;
        case NOT_ASCII:
          this.isJson = false;
          continue;
        case STRING:
          text = at;
          at = endOfString(bytes, at) - 1;
          continue;
        case OPEN:
          this.open();
          break;
        case CLOSE:
          this.depth--;
          if (this.depth === outside) return at + 1;
          continue;
        case COMMA:
          this.values++;
          break;
        case COLON: {
          this.nodes++;
          const first = bytes[text + 1];
          if (first === UNDERSCORE || first === BACKSLASH) this.oddNames = true;
        }
      }
      if (this.over) return bytes.length;
    }
    return bytes.length;
  }
}

/**
 * Reads the structure of a JSON object without building it: nesting depth, number of members and values, and the positions of
 * the `wanted` values. It relies on quotes and brackets only, so it is safe on any bytes. The parser checks whether they are
 * JSON. The scan stops beyond a bound.
 */
export function scanJson(bytes: Buffer, wanted: ReadonlySet<string>, bounds: ScanBounds): JsonScan {
  const spans = new Map<string, Span>();
  const structure = new Structure(bounds);
  let members = 0;
  let nameStart = 0;
  let nameEnd = 0;
  let at = bytes.indexOf(0x7b);
  if (at === -1) at = bytes.length;
  else {
    structure.open();
    at++;
  }
  while (at < bytes.length && structure.depth === 1 && !structure.over) {
    while (at < bytes.length && KINDS[bytes[at] as number] === OTHER) at++;
    const kind = KINDS[bytes[at] ?? COMMA_BYTE];
    if (kind === STRING) {
      nameStart = at;
      at = endOfString(bytes, at);
      nameEnd = at;
    } else if (kind === COLON) {
      members++;
      structure.nodes++;
      const name = nameIn(bytes.subarray(nameStart, nameEnd));
      const start = afterSpaces(bytes, at + 1);
      at = endOfValue(bytes, start, structure);
      if (wanted.has(name)) spans.set(name, { start, end: beforeSpaces(bytes, start, at) });
    } else if (kind === OPEN) at = structure.skip(bytes, at);
    else {
      if (kind === CLOSE) structure.depth--;
      else if (kind === COMMA) structure.values++;
      at++;
    }
  }
  const { deepest: depth, nodes, values, oddNames } = structure;
  return { members, spans, depth, nodes, values, oddNames };
}

/**
 * Measures the first value of a JSON text, whatever its type, up to the bounds. Finds most texts that are not JSON: a parser
 * needs 30 µs to refuse one of them.
 */
export function structureOf(
  bytes: Buffer,
  bounds: ScanBounds,
): Pick<JsonScan, 'depth' | 'nodes' | 'values'> & { readonly isJson: boolean } {
  const structure = new Structure(bounds);
  structure.skip(bytes, 0);
  return { depth: structure.deepest, nodes: structure.nodes, values: structure.values, isJson: structure.isJson };
}

/** Returns the offset of the comma or bracket that ends the top-level value at `start`. */
function endOfValue(bytes: Buffer, start: number, structure: Structure): number {
  for (let at = start; at < bytes.length; ) {
    while (at < bytes.length && KINDS[bytes[at] as number] === OTHER) at++;
    const kind = KINDS[bytes[at] ?? COMMA_BYTE];
    if (kind === COMMA || kind === CLOSE) return at;
    if (kind === STRING) at = endOfString(bytes, at);
    else if (kind === OPEN) {
      at = structure.skip(bytes, at);
      if (structure.over) return bytes.length;
    } else at++;
  }
  return bytes.length;
}

function afterSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++;
  return at;
}

function beforeSpaces(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] as number) <= 0x20) at--;
  return at;
}
