import { BodyRequest, type BodyRequestOptions } from '../body-request.ts';
import { isObject, wrongField } from '../neutral/read-json.ts';
import { countField } from '../output-limits.ts';
import { responsesQuestion } from '../question.ts';
import { isModelName } from '../request-bytes.ts';
import { withSummaries } from './compaction.ts';

const OPTIONS: BodyRequestOptions = { limits: ['max_output_tokens'], question: responsesQuestion };

/**
 * A request for a response. Its streams always report usage. A request without `input` may begin from a prompt or a
 * conversation. @throws LlmError `invalid_request`
 */
export const responsesRequest = (bytes: Buffer): BodyRequest =>
  new BodyRequest(
    withSummaries(bytes),
    (value) => {
      const { model, input, stream = false } = value;
      if (!isModelName(model)) wrongField('model', 'a name of 1 to 256 printable ASCII characters');
      if (input != null && typeof input !== 'string' && !(Array.isArray(input) && input.every(isObject)))
        wrongField('input', 'a string or a list of items');
      if (stream !== null && typeof stream !== 'boolean') wrongField('stream', 'true or false');
      const maxOutputTokens = countField(value['max_output_tokens'], 'max_output_tokens');
      return { model: model as string, stream: stream === true, wantsStreamUsage: true, maxOutputTokens };
    },
    OPTIONS,
  );
