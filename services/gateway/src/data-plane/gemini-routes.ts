import type { IncomingMessage } from 'node:http';
import type { GeminiAddress } from '@sluice/dialects';

/** Actions of a model, by the name after the colon. */
const ACTIONS: Readonly<Record<string, Pick<GeminiAddress, 'operation' | 'stream' | 'batch'>>> = {
  generateContent: { operation: 'chat', stream: false, batch: false },
  streamGenerateContent: { operation: 'chat', stream: true, batch: false },
  countTokens: { operation: 'count_tokens', stream: false, batch: false },
  embedContent: { operation: 'embeddings', stream: false, batch: false },
  batchEmbedContents: { operation: 'embeddings', stream: false, batch: true },
};

/** Names of the actions. */
export const GEMINI_ACTIONS: readonly string[] = Object.keys(ACTIONS);

export interface GeminiRoute {
  readonly address: GeminiAddress;
  readonly route: string;
}

/**
 * Returns the route of a path below `/v1/models/` or `/v1beta/models/`: `{model}:{action}`. A model name may contain colons.
 *
 * @param rest decoded path after `models/`
 * @returns undefined if there is no such action
 */
export function geminiRoute(rest: string, request: IncomingMessage): GeminiRoute | undefined {
  const colon = rest.lastIndexOf(':');
  const action = rest.slice(colon + 1);
  const known = colon > 0 && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (known === undefined) return undefined;
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  const framing = query.get('alt') === 'sse' ? 'sse' : 'json-array';
  return {
    address: { ...known, model: rest.slice(0, colon), framing: known.stream ? framing : 'sse' },
    route: `POST /v1beta/models/{model}:${action}`,
  };
}
