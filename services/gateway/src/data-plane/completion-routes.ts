import type { DialectName, Operation, RequestMessage } from '@sluice/core';
import { anthropicRequest, OPENAI_PATHS, type OpenAiOperation, OpenAiRequest, responsesRequest } from '@sluice/dialects';

export interface CompletionRoute {
  readonly path: string;
  readonly operation: Operation;
  readonly dialect: DialectName;
  readonly message: (bytes: Buffer) => RequestMessage;
}

/** Routes with one fixed path each. */
export const COMPLETION_ROUTES: readonly CompletionRoute[] = [
  ...(Object.keys(OPENAI_PATHS) as OpenAiOperation[]).map(
    (operation): CompletionRoute => ({
      path: `/v1${OPENAI_PATHS[operation]}`,
      operation,
      dialect: 'openai-chat',
      message: (bytes) => new OpenAiRequest(operation, bytes),
    }),
  ),
  { path: '/v1/responses', operation: 'chat', dialect: 'openai-responses', message: responsesRequest },
  { path: '/v1/responses/input_tokens', operation: 'count_tokens', dialect: 'openai-responses', message: responsesRequest },
  { path: '/v1/messages', operation: 'chat', dialect: 'anthropic-messages', message: anthropicRequest },
  { path: '/v1/messages/count_tokens', operation: 'count_tokens', dialect: 'anthropic-messages', message: anthropicRequest },
];
