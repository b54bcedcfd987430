import { isUtf8 } from 'node:buffer';
import { LlmError } from '@sluice/core';
import { type JsonScan, type ScanBounds, scanJson } from './json-scan.ts';

/**
 * Bounds of a request's structure (docs/api.md). A parser needs 50 ms for 10 MiB within them, and seconds beyond
 * (request-shapes.test.ts). OpenAI accepts 300,000 tokens in one embeddings request, and each of them is a value.
 */
export const BOUNDS: ScanBounds = { depth: 64, nodes: 50_000, values: 320_000 };
/** Maximum number of top-level fields, far above any dialect's. */
const MAX_FIELDS = 1_000;
const BRACKET = 0x5b;
/** JSON's white space. */
const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Names that can change an object's prototype in a careless parser downstream. No dialect uses them. */
const POISONED = ['__proto__', 'constructor', 'prototype'];

export interface RequestJson {
  readonly value: Readonly<Record<string, unknown>>;
  readonly scan: JsonScan;
}

function refuse(message: string, param?: string): never {
  throw new LlmError('invalid_request', message, { param });
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  return Object.values(value).some(hasProtoKey);
}

function isList(bytes: Buffer): boolean {
  let at = 0;
  while (SPACES.has(bytes[at])) at++;
  return bytes[at] === BRACKET;
}

/**
 * Parses a request's body as a JSON object. The bytes themselves are forwarded, so anything that another parser might read
 * differently is refused: invalid UTF-8, repeated members, deep nesting, names that pollute prototypes.
 *
 * @param wanted the top-level members for the returned byte positions
 * @throws LlmError `invalid_request`
 */
export function parseRequestJson(bytes: Buffer, wanted: ReadonlySet<string>): RequestJson {
  if (bytes.length === 0) refuse('The request has no body. Send a JSON object.');
  if (!isUtf8(bytes)) refuse('The body is not valid UTF-8.');
  // the scan covers objects only, so a list's structure would have no bound
  if (isList(bytes)) refuse('The body must be a JSON object.');
  const scan = scanJson(bytes, wanted, BOUNDS);
  if (scan.members > MAX_FIELDS) refuse(`The body has more than ${MAX_FIELDS} fields.`);
  if (scan.depth > BOUNDS.depth) refuse(`The body is nested deeper than ${BOUNDS.depth} levels.`);
  if (scan.nodes > BOUNDS.nodes) refuse(`The body has more than ${BOUNDS.nodes} members, objects and lists. Send fewer.`);
  if (scan.values > BOUNDS.values) refuse(`The body has more than ${BOUNDS.values} values. Send fewer.`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    refuse('The body is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('The body must be a JSON object.');
  const members = Object.keys(value);
  if (members.length !== scan.members) refuse('The body has a repeated member. Each name may occur only once.');
  for (const name of POISONED) {
    if (Object.hasOwn(value, name)) refuse(`The body has a forbidden member: ${name}.`, name);
  }
  if (scan.oddNames && hasProtoKey(value)) refuse('The body has a forbidden member: __proto__.');
  return { value: value as Record<string, unknown>, scan };
}
