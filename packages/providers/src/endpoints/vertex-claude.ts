import { modelSegment } from '@sluice/dialects';
import { claudeBody } from './claude-body.ts';
import type { Endpoint } from './endpoint.ts';

const VERSION = 'vertex-2023-10-16';

/** Claude at Google Cloud. Source: Anthropic's documentation, "Claude on Vertex AI". */
export const vertexClaude: Endpoint = {
  path({ operation, model, stream }) {
    if (operation === 'count_tokens') return '/models/count-tokens:rawPredict';
    if (operation !== 'chat') return undefined;
    return `/models/${modelSegment(model)}:${stream ? 'streamRawPredict' : 'rawPredict'}`;
  },
  otherPath: (path) => path,
  // unlike other requests, a token count has the model in its body
  body: (bytes, { operation }) => claudeBody(bytes, VERSION, operation === 'count_tokens' ? [] : ['model']),
};
