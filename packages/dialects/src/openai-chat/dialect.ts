import type { Dialect } from '../dialect.ts';
import { contentOf, reportsFailure } from './answer-state.ts';
import { renderError, renderStreamError } from './error.ts';
import { renderModel, renderModelList } from './model-list.ts';
import { OpenAiStreamObserver } from './observe-stream.ts';
import { readReply } from './read-reply.ts';
import { readRequest } from './read-request.ts';
import { OpenAiEventReader } from './read-stream.ts';
import { OPENAI_PATHS } from './routes.ts';
import { readUsage } from './usage.ts';
import { writeReply } from './write-reply.ts';
import { writeRequest } from './write-request.ts';
import { OpenAiEventWriter } from './write-stream.ts';

export const openAiChat: Dialect = {
  name: 'openai-chat',
  path: ({ operation }) => OPENAI_PATHS[operation as keyof typeof OPENAI_PATHS],
  credentials: (apiKey) => ['authorization', `Bearer ${apiKey}`],
  headers: [],
  fieldNames: {},
  featureHeaders: [],
  passedHeaders: ['retry-after', 'openai-processing-ms', 'openai-version'],
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  watchStream: (hideUsage) => new OpenAiStreamObserver(hideUsage),
  readStream: () => new OpenAiEventReader(),
  writeStream: (context) => new OpenAiEventWriter(context),
  readUsage: (body) => readUsage(body['usage'], true, body['service_tier']),
  renderError,
  renderStreamError,
  renderModel,
  renderModelList,
  reportsFailure,
  contentOf,
};
