import type { Dialect, UpstreamRequestInfo } from '../dialect.ts';
import { modelSegment } from '../model-segment.ts';
import { contentOf, reportsFailure } from './answer-state.ts';
import { renderError, renderStreamError } from './error.ts';
import { field } from './fields.ts';
import { renderModel, renderModelList } from './model-list.ts';
import { GeminiStreamObserver } from './observe-stream.ts';
import { readReply } from './read-reply.ts';
import { readRequest } from './read-request.ts';
import { GeminiEventReader } from './read-stream.ts';
import { readUsage } from './usage.ts';
import { writeReply } from './write-reply.ts';
import { writeRequest } from './write-request.ts';
import { GeminiEventWriter } from './write-stream.ts';

function path({ operation, model, stream, framing }: UpstreamRequestInfo): string | undefined {
  const at = `/models/${modelSegment(model)}`;
  switch (operation) {
    case 'chat':
      if (!stream) return `${at}:generateContent`;
      return `${at}:streamGenerateContent${framing === 'sse' ? '?alt=sse' : ''}`;
    case 'count_tokens':
      return `${at}:countTokens`;
    default:
      return undefined;
  }
}

export const gemini: Dialect = {
  name: 'gemini',
  path,
  credentials: (apiKey) => ['x-goog-api-key', apiKey],
  headers: [],
  fieldNames: {
    n: 'candidateCount',
    stop: 'stopSequences',
    top_k: 'topK',
    presence_penalty: 'presencePenalty',
    frequency_penalty: 'frequencyPenalty',
    logprobs: 'responseLogprobs',
    response_format: 'responseMimeType',
    reasoning_effort: 'thinkingConfig',
    service_tier: 'serviceTier',
    tool_choice: 'toolConfig',
  },
  featureHeaders: [],
  passedHeaders: ['retry-after'],
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  watchStream: (_hideUsage, framing) => new GeminiStreamObserver(framing),
  readStream: () => new GeminiEventReader(),
  writeStream: (context) => new GeminiEventWriter(context),
  readUsage: (body) => readUsage(field(body, 'usageMetadata')),
  renderError,
  renderStreamError,
  renderModel,
  renderModelList,
  reportsFailure,
  contentOf,
};
