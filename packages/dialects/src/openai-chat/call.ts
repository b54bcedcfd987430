import { randomUUID } from 'node:crypto';
import { type LlmCall, newCallContext, type Preferences, systemClock } from '@sluice/core';
import { OpenAiRequest } from './request.ts';
import { type OpenAiOperation, openAiRoute } from './routes.ts';

export interface OpenAiCallOptions {
  /** `chat` by default. */
  readonly operation?: OpenAiOperation;
  /** The API key that authentication will check. */
  readonly credential?: string;
  readonly preferences?: Partial<Preferences>;
  readonly signal?: AbortSignal;
  /** Deadline of the call, on the monotonic clock. */
  readonly deadlineMs?: number;
  /** Request id in the audit record. */
  readonly requestId?: string;
}

/**
 * Creates a call in code, for use as a library.
 *
 * @param request the body in the format of OpenAI's API: `{ model, messages, … }`
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
    deadlineMs: options.deadlineMs,
    startedAtMs: systemClock.monotonic(),
    context: newCallContext(),
  };
}
