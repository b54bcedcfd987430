import { modelSegment } from '@sluice/dialects';
import { awsEventStream } from './aws-event-stream.ts';
import type { Endpoint } from './endpoint.ts';

/** Amazon Bedrock's common API for all models. Source: Amazon Bedrock's API reference, "Converse" and "ConverseStream". */
export const bedrock: Endpoint = {
  path(asked, dialect) {
    return asked.operation === 'count_tokens' ? `/model/${modelSegment(asked.model)}/count-tokens` : dialect.path(asked);
  },
  otherPath: (path) => path,
  body: (bytes) => bytes,
  framing: awsEventStream({
    // the type of an event is in the frame's headers
    read: (type, payload) => `{${JSON.stringify(type)}:${payload === '' ? '{}' : payload}}`,
    asServerSentEvent: (data) => `data: ${data}\n\n`,
  }),
};
