import type { IncomingMessage } from 'node:http';
import type { DialectName, Operation } from '@sluice/core';

/** What a request to a route of ours asks for. */
export interface Asked {
  readonly operation: Operation;
  readonly dialect: DialectName;
  /** As the contract writes it: a label. */
  readonly route: string;
}

/** The dialect of a request to a route that is not one dialect's own: Anthropic's clients say a version with every request, Gemini's have a key header or a path of their own. */
export function dialectOf({ headers, url = '' }: IncomingMessage): DialectName {
  if (url.startsWith('/v1beta/') || url.startsWith('/upload/') || headers['x-goog-api-key'] !== undefined) return 'gemini';
  if (headers['anthropic-version'] !== undefined || url.startsWith('/v1/messages')) return 'anthropic-messages';
  return url.startsWith('/v1/responses') ? 'openai-responses' : 'openai-chat';
}
