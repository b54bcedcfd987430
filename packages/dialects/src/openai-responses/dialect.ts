import type { Dialect } from '../dialect.ts';
import { renderModel, renderModelList } from '../openai-chat/model-list.ts';
import { contentOf, reportsFailure } from './answer-state.ts';
import { renderError, renderStreamError } from './error.ts';
import { ResponsesStreamObserver } from './observe-stream.ts';
import { readReply } from './read-reply.ts';
import { readRequest } from './read-request.ts';
import { ResponsesEventReader } from './read-stream.ts';
import { readUsage } from './usage.ts';
import { writeReply } from './write-reply.ts';
import { writeRequest } from './write-request.ts';
import { ResponsesEventWriter } from './write-stream.ts';

export const openAiResponses: Dialect = {
  name: 'openai-responses',
  path: ({ operation }) =>
    operation === 'chat' ? '/responses' : operation === 'count_tokens' ? '/responses/input_tokens' : undefined,
  credentials: (apiKey) => ['authorization', `Bearer ${apiKey}`],
  headers: [],
  fieldNames: {
    reasoning_effort: 'reasoning',
    response_format: 'text',
    logprobs: 'top_logprobs',
    verbosity: 'text',
  },
  featureHeaders: ['openai-beta'],
  passedHeaders: ['retry-after', 'openai-processing-ms', 'openai-version'],
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  watchStream: () => new ResponsesStreamObserver(),
  readStream: () => new ResponsesEventReader(),
  writeStream: (context) => new ResponsesEventWriter(context),
  readUsage,
  renderError,
  renderStreamError,
  renderModel,
  renderModelList,
  reportsFailure,
  contentOf,
};
