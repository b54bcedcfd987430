import { BodyRequest, type BodyRequestOptions } from '../body-request.ts';
import { isObject, wrongField } from '../neutral/read-json.ts';
import { countField } from '../output-limits.ts';
import { chatQuestion } from '../question.ts';
import { isModelName } from '../request-bytes.ts';

/** Members of a request whose response consists of texts. */
const SIMPLE: ReadonlySet<string> = new Set([
  'max_tokens',
  'messages',
  'metadata',
  'model',
  'service_tier',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'top_k',
  'top_p',
]);

const OPTIONS: BodyRequestOptions = {
  limits: ['max_tokens'],
  streaming: new Set(['stream']),
  isEitherForm: (body) => Object.keys(body).every((name) => SIMPLE.has(name)) && chatQuestion(body) !== undefined,
  question: chatQuestion,
};

/** A request in Anthropic's dialect. Its streams always report usage. */
export const anthropicRequest = (bytes: Buffer): BodyRequest =>
  new BodyRequest(
    bytes,
    (value) => {
      const { model, messages, stream = false } = value;
      if (!isModelName(model)) wrongField('model', 'a name of 1 to 256 printable ASCII characters');
      if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
        wrongField('messages', 'a list of at least one message');
      if (typeof stream !== 'boolean') wrongField('stream', 'true or false');
      const maxOutputTokens = countField(value['max_tokens'], 'max_tokens');
      return { model: model as string, stream: stream as boolean, wantsStreamUsage: true, maxOutputTokens };
    },
    OPTIONS,
  );
