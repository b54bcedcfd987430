import { isUtf8 } from 'node:buffer';
import { LlmError } from '@sluice/core';
import { type JsonScan, scanJson } from './json-scan.ts';

/**
 * What a request may have at most: 64 levels (docs/api.md), and so many members, objects and lists, and values, that no text of any form keeps the event loop
 * for longer than one of 10 MiB of plain text does (request-shapes.test.ts). OpenAI takes 300,000 tokens in one request for embeddings, each a value.
 */
const BOUNDS = { depth: 64, nodes: 50_000, values: 400_000 };

/** Names that reach into an object's prototype in a careless parser further on; no dialect has them. */
const POISONED = ['__proto__', 'constructor', 'prototype'];

export interface RequestJson {
  readonly value: Readonly<Record<string, unknown>>;
  readonly scan: JsonScan;
}

function refuse(message: string, param?: string): never {
  throw new LlmError('invalid_request', message, param === undefined ? {} : { param });
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  return Object.values(value).some(hasProtoKey);
}

/**
 * A request's body as a JSON object. Because the bytes themselves are passed on, whatever another parser might read differently is
 * refused: invalid UTF-8, repeated members, deep nesting, names that poison prototypes.
 *
 * @param wanted the top-level members whose place in the bytes is needed
 * @throws LlmError `invalid_request`
 */
export function parseRequestJson(bytes: Buffer, wanted: ReadonlySet<string>): RequestJson {
  if (bytes.length === 0) refuse('The request has no body; send a JSON object.');
  if (!isUtf8(bytes)) refuse('The body is not valid UTF-8.');
  const scan = scanJson(bytes, wanted, BOUNDS);
  if (scan.depth > BOUNDS.depth) refuse(`The body is nested deeper than ${BOUNDS.depth} levels.`);
  if (scan.nodes > BOUNDS.nodes) refuse(`The body has more than ${BOUNDS.nodes} members, objects and lists; send fewer.`);
  if (scan.values > BOUNDS.values) refuse(`The body has more than ${BOUNDS.values} values; send fewer.`);
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('The body is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('The body must be a JSON object.');
  const members = Object.keys(value);
  if (members.length !== scan.members) refuse('The body has a member twice; each name may stand only once.');
  for (const name of POISONED) {
    if (Object.hasOwn(value, name)) refuse(`The body has a member that no request has: ${name}.`, name);
  }
  // any character of the name may be escaped: a look through the whole is worth its while only where one is, or the name stands there
  if ((text.includes('__proto__') || text.includes('\\u00')) && hasProtoKey(value)) {
    refuse('The body has a member that no request has: __proto__.');
  }
  return { value: value as Record<string, unknown>, scan };
}
