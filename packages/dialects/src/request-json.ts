import { isUtf8 } from 'node:buffer';
import { LlmError } from '@sluice/core';
import { type JsonScan, scanJson } from './json-scan.ts';

/** The deepest nesting that a request may have (the contract's figure). */
const MAX_DEPTH = 64;

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
  const scan = scanJson(bytes, wanted, MAX_DEPTH);
  if (scan.depth > MAX_DEPTH) refuse(`The body is nested deeper than ${MAX_DEPTH} levels.`);
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
