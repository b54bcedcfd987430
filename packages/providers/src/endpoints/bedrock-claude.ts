import { isObject, modelSegment, parseJson } from '@sluice/dialects';
import { awsEventStream } from './aws-event-stream.ts';
import { claudeBody } from './claude-body.ts';
import type { Endpoint } from './endpoint.ts';

const VERSION = 'bedrock-2023-05-31';

/** Claude's own API at Amazon Bedrock. Source: Amazon Bedrock's user guide, "Anthropic Claude Messages API". */
export const bedrockClaude: Endpoint = {
  path({ operation, model, stream }) {
    if (operation !== 'chat') return undefined;
    return `/model/${modelSegment(model)}/${stream ? 'invoke-with-response-stream' : 'invoke'}`;
  },
  otherPath: (path) => path,
  body: (bytes) => claudeBody(bytes, VERSION, ['model', 'stream']),
  framing: awsEventStream({
    // a chunk contains an event of Claude's API, in base64
    read(type, payload) {
      const value = parseJson(payload);
      if (!isObject(value)) return undefined;
      const { bytes } = value;
      if (type === 'chunk' && typeof bytes === 'string') return Buffer.from(bytes, 'base64').toString('utf8');
      return JSON.stringify({ type: 'error', error: { type: 'api_error', code: type, message: value['message'] ?? type } });
    },
    asServerSentEvent(data) {
      const value = parseJson(data);
      const type = isObject(value) && typeof value['type'] === 'string' ? value['type'] : 'message';
      return `event: ${type}\ndata: ${data}\n\n`;
    },
  }),
};
