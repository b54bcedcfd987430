import { randomUUID } from 'node:crypto';
import { emptyFacts, type LlmCall, type Preferences, systemClock } from '@sluice/core';
import { OpenAiRequest } from './request.ts';
import { type OpenAiOperation, openAiRoute } from './routes.ts';

export interface OpenAiCallOptions {
  /** `chat` if not given. */
  readonly operation?: OpenAiOperation;
  /** The API key that authentication will check. */
  readonly credential?: string;
  readonly preferences?: Partial<Preferences>;
  readonly signal?: AbortSignal;
  /** When it is too late, on the monotonic clock. */
  readonly deadlineMs?: number;
  /** What the audit record calls it. */
  readonly requestId?: string;
}

/**
 * A call made in code, for use as a library.
 *
 * @param request the body as OpenAI's API takes it: `{ model, messages, … }`
 */
export function openAiCall(request: object, options: OpenAiCallOptions = {}): LlmCall {
  const operation = options.operation ?? 'chat';
  const id = randomUUID();
  return {
    id,
    requestId: options.requestId ?? id,
    operation,
    dialect: 'openai-chat',
    route: openAiRoute(operation),
    message: new OpenAiRequest(operation, Buffer.from(JSON.stringify(request))),
    credential: options.credential,
    preferences: { cache: {}, tags: {}, ...options.preferences },
    signal: options.signal ?? new AbortController().signal,
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    startedAtMs: systemClock.monotonic(),
    facts: emptyFacts(),
  };
}
