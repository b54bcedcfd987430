import type { IncomingMessage } from 'node:http';
import type { DialectName, Operation } from '@sluice/core';

/** The operation, dialect and route of a request. */
export interface RouteMatch {
  readonly operation: Operation;
  readonly dialect: DialectName;
  /** The route as docs/api.md writes it, used as a metric label. */
  readonly route: string;
}

/**
 * Returns the dialect of a request to a route that several dialects share. Anthropic's clients send a version header with every
 * request; Gemini's clients send a key header or use their own paths.
 */
export function dialectOf({ headers, url = '' }: IncomingMessage): DialectName {
  if (url.startsWith('/v1beta/') || url.startsWith('/upload/') || headers['x-goog-api-key'] !== undefined) return 'gemini';
  if (headers['anthropic-version'] !== undefined || url.startsWith('/v1/messages')) return 'anthropic-messages';
  return url.startsWith('/v1/responses') ? 'openai-responses' : 'openai-chat';
}
