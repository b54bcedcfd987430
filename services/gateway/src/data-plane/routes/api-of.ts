import type { IncomingMessage } from 'node:http';
import type { Api } from './other-route.ts';

/** Returns the API whose client sent a request, from headers that only that vendor's clients send. */
export function apiOf({ headers }: IncomingMessage): Api | undefined {
  if (headers['anthropic-version'] !== undefined) return 'anthropic';
  return headers['x-goog-api-key'] === undefined ? undefined : 'gemini';
}
