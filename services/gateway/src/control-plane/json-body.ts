import express, { type RequestHandler } from 'express';
import { invalid } from './admin-error.ts';

/**
 * Reads a JSON body of at most 64 kB. Refuses a member `__proto__` anywhere: schemas drop it silently, and an assignment would
 * set a prototype. Members named `constructor` and `prototype` are harmless, because records are created from entries and never
 * merged into existing objects.
 *
 * @throws AdminError 400 with the member's path
 */
export function jsonBody(): RequestHandler[] {
  return [
    express.json({ limit: '64kb' }),
    (request, _response, next) => {
      const at = protoIn(request.body, []);
      if (at !== undefined) throw invalid(at, 'is not allowed as a member name');
      next();
    },
  ];
}

function protoIn(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const at = name === '__proto__' ? [...path, name].join('.') : protoIn(inner, [...path, name]);
    if (at !== undefined) return at;
  }
  return undefined;
}
