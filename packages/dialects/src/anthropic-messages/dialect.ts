import type { Dialect } from '../dialect.ts';
import { contentOf, reportsFailure } from './answer-state.ts';
import { renderError, renderStreamError } from './error.ts';
import { renderModel, renderModelList } from './model-list.ts';
import { AnthropicStreamObserver } from './observe-stream.ts';
import { readReply } from './read-reply.ts';
import { readRequest } from './read-request.ts';
import { AnthropicEventReader } from './read-stream.ts';
import { readUsage } from './usage.ts';
import { writeReply } from './write-reply.ts';
import { writeRequest } from './write-request.ts';
import { AnthropicEventWriter } from './write-stream.ts';

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  path: ({ operation }) =>
    operation === 'chat' ? '/messages' : operation === 'count_tokens' ? '/messages/count_tokens' : undefined,
  credentials: (apiKey) => ['x-api-key', apiKey],
  headers: ['anthropic-version', '2023-06-01'],
  fieldNames: {
    stop: 'stop_sequences',
    response_format: 'output_config',
    reasoning_effort: 'thinking',
    user: 'metadata',
  },
  featureHeaders: ['anthropic-beta'],
  passedHeaders: ['retry-after', 'request-id'],
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  watchStream: () => new AnthropicStreamObserver(),
  readStream: () => new AnthropicEventReader(),
  writeStream: (context) => new AnthropicEventWriter(context),
  readUsage: (body) => readUsage(body['usage'] ?? body),
  renderError,
  renderStreamError,
  renderModel,
  renderModelList,
  reportsFailure,
  contentOf,
};
