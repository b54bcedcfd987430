import type { Dialect } from '../dialect.ts';
import { modelSegment } from '../model-segment.ts';
import { renderModel, renderModelList } from '../openai-chat/model-list.ts';
import { contentOf, reportsFailure } from './answer-state.ts';
import { renderError, renderStreamError } from './error.ts';
import { ConverseStreamObserver } from './observe-stream.ts';
import { readReply } from './read-reply.ts';
import { readRequest } from './read-request.ts';
import { ConverseEventReader } from './read-stream.ts';
import { readUsage } from './usage.ts';
import { writeReply } from './write-reply.ts';
import { writeRequest } from './write-request.ts';
import { ConverseEventWriter } from './write-stream.ts';

/** A dialect for providers only. The gateway's clients cannot use it: for example, it has no list of models. */
export const bedrockConverse: Dialect = {
  name: 'bedrock-converse',
  path: ({ operation, model, stream }) =>
    operation === 'chat' ? `/model/${modelSegment(model)}/${stream ? 'converse-stream' : 'converse'}` : undefined,
  credentials: (apiKey) => ['authorization', `Bearer ${apiKey}`],
  headers: [],
  fieldNames: {},
  featureHeaders: [],
  passedHeaders: ['retry-after', 'x-amzn-requestid'],
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  watchStream: () => new ConverseStreamObserver(),
  readStream: () => new ConverseEventReader(),
  writeStream: () => new ConverseEventWriter(),
  readUsage: (body) => readUsage(body['usage']),
  renderError,
  renderStreamError,
  renderModel,
  renderModelList,
  reportsFailure,
  contentOf,
};
