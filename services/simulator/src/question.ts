import type { DialectName, EventFraming, Operation } from '@sluice/core';
import type { EmbeddingsDialectName, JsonObject } from '@sluice/dialects';

/** Framing of a stream's events; `converse` and `claude` are Amazon's frames around the events of the respective dialect. */
export type Frames = EventFraming | 'converse' | 'claude';

/** A request's operation and parameters, from its path and body. */
export interface Question {
  readonly operation: Operation;
  readonly dialect: DialectName;
  readonly embeddings?: EmbeddingsDialectName;
  readonly model: string;
  readonly stream: boolean;
  readonly frames: Frames;
  readonly streamUsage: boolean;
}

/** Fixed paths with their operations; the body contains everything else. */
const PATHS: Readonly<Record<string, Pick<Question, 'operation' | 'dialect' | 'embeddings'>>> = {
  '/v1/chat/completions': { operation: 'chat', dialect: 'openai-chat' },
  '/v1/completions': { operation: 'completions', dialect: 'openai-chat' },
  '/v1/embeddings': { operation: 'embeddings', dialect: 'openai-chat' },
  '/v1/embed': { operation: 'embeddings', dialect: 'openai-chat', embeddings: 'cohere' },
  '/v1/responses': { operation: 'chat', dialect: 'openai-responses' },
  '/v1/responses/input_tokens': { operation: 'count_tokens', dialect: 'openai-responses' },
  '/v1/messages': { operation: 'chat', dialect: 'anthropic-messages' },
  '/v1/messages/count_tokens': { operation: 'count_tokens', dialect: 'anthropic-messages' },
};

const GEMINI: Readonly<Record<string, Pick<Question, 'operation' | 'stream'>>> = {
  generateContent: { operation: 'chat', stream: false },
  streamGenerateContent: { operation: 'chat', stream: true },
  countTokens: { operation: 'count_tokens', stream: false },
  embedContent: { operation: 'embeddings', stream: false },
  batchEmbedContents: { operation: 'embeddings', stream: false },
};

/** Operations of Amazon's API, by the last segment of the path. */
const BEDROCK: Readonly<Record<string, Pick<Question, 'operation' | 'dialect' | 'stream' | 'frames'>>> = {
  converse: { operation: 'chat', dialect: 'bedrock-converse', stream: false, frames: 'converse' },
  'converse-stream': { operation: 'chat', dialect: 'bedrock-converse', stream: true, frames: 'converse' },
  'count-tokens': { operation: 'count_tokens', dialect: 'bedrock-converse', stream: false, frames: 'converse' },
  invoke: { operation: 'chat', dialect: 'anthropic-messages', stream: false, frames: 'claude' },
  'invoke-with-response-stream': { operation: 'chat', dialect: 'anthropic-messages', stream: true, frames: 'claude' },
};

/** Returns undefined for an unknown path. */
export function questionOf(path: string, query: string, body: JsonObject): Question | undefined {
  const known = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined;
  if (known !== undefined) {
    const options = body['stream_options'] as { include_usage?: unknown } | undefined;
    return {
      ...known,
      model: String(body['model']),
      stream: body['stream'] === true,
      frames: 'sse',
      streamUsage: options?.include_usage === true,
    };
  }
  const gemini = /^\/v1beta\/models\/(.+):(\w+)$/.exec(path);
  const action = gemini === null ? undefined : GEMINI[gemini[2] as string];
  if (gemini !== null && action !== undefined) {
    const frames = new URLSearchParams(query).get('alt') === 'sse' ? 'sse' : 'json-array';
    return { ...action, dialect: 'gemini', model: decodeURIComponent(gemini[1] as string), frames, streamUsage: true };
  }
  const bedrock = /^\/model\/([^/]+)\/([\w-]+)$/.exec(path);
  const asked = bedrock === null ? undefined : BEDROCK[bedrock[2] as string];
  if (bedrock === null || asked === undefined) return undefined;
  return { ...asked, model: decodeURIComponent(bedrock[1] as string), streamUsage: true };
}
