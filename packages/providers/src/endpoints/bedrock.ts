import { modelSegment } from '@sluice/dialects';
import { awsEventStream } from './aws-event-stream.ts';
import type { Endpoint } from './endpoint.ts';

/** Amazon Bedrock's common API for all models. Source: Amazon Bedrock's API reference, "Converse" and "ConverseStream". */
export const bedrock: Endpoint = {
  path(info, dialect) {
    return info.operation === 'count_tokens' ? `/model/${modelSegment(info.model)}/count-tokens` : dialect.path(info);
  },
  otherPath: (path) => path,
  body: (bytes) => bytes,
  framing: awsEventStream({
    // the type of an event is in the frame's headers
    read: (type, payload) => `{${JSON.stringify(type)}:${payload === '' ? '{}' : payload}}`,
    asServerSentEvent: (data) => `data: ${data}\n\n`,
  }),
};
