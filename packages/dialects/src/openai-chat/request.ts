import { LlmError, type Operation, type RequestView, type UpstreamForm } from '@sluice/core';
import { BodyRequest, type BodyRequestOptions } from '../body-request.ts';
import { limitsIn } from '../output-limits.ts';
import { chatQuestion } from '../question.ts';
import { type Edit, isModelName } from '../request-bytes.ts';
import type { RequestJson } from '../request-json.ts';
import { isPlainChat } from './plain-request.ts';

const LIMITS = ['max_tokens', 'max_completion_tokens'];
/** Members that may be rewritten on the way to a provider. */
const EMBEDDINGS: BodyRequestOptions = { rewritten: ['stream_options'] };
const COMPLETIONS: BodyRequestOptions = { ...EMBEDDINGS, limits: LIMITS };
const CHAT: BodyRequestOptions = {
  ...COMPLETIONS,
  streaming: new Set(['stream', 'stream_options']),
  isEitherForm: (body, { isPlain }) => isPlain === true && hasNoOtherStreamOption(body['stream_options']),
  question: chatQuestion,
};
const OPTIONS: Partial<Record<Operation, BodyRequestOptions>> = { chat: CHAT, embeddings: EMBEDDINGS };
const CHOICES = ['n', 'best_of'];
const NO_OPTIONS: Readonly<Record<string, unknown>> = {};

/** Returns whether the options of a stream only concern its usage. */
const hasNoOtherStreamOption = (options: unknown): boolean =>
  Object.keys((options ?? NO_OPTIONS) as object).every((name) => name === 'include_usage');

/** The required member of each operation, and its expected type. */
const REQUIRED: Partial<Record<Operation, { name: string; is: (value: unknown) => boolean; expected: string }>> = {
  chat: {
    name: 'messages',
    is: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((message) => typeof message === 'object' && message !== null),
    expected: 'a list of at least one message',
  },
  completions: {
    name: 'prompt',
    is: (value) => typeof value === 'string' || Array.isArray(value),
    expected: 'a string or a list',
  },
  embeddings: {
    name: 'input',
    is: (value) => typeof value === 'string' || (Array.isArray(value) && value.length > 0),
    expected: 'a string or a list of at least one',
  },
};

function wrong(param: string, expected: string): never {
  throw new LlmError('invalid_request', `'${param}' must be ${expected}.`, { param });
}

function viewOf(operation: Operation, value: RequestJson['value']): RequestView {
  const model = value['model'];
  if (!isModelName(model)) return wrong('model', 'a name of 1 to 256 printable ASCII characters');
  const required = REQUIRED[operation];
  if (required !== undefined && !required.is(value[required.name])) wrong(required.name, required.expected);
  const stream = value['stream'] ?? false;
  if (typeof stream !== 'boolean') wrong('stream', 'true or false');
  const options = value['stream_options'] ?? NO_OPTIONS;
  if (typeof options !== 'object' || Array.isArray(options)) wrong('stream_options', 'an object');
  const limits = limitsIn(value, LIMITS);
  const answers = choicesOf(value) * promptsIn(operation, value);
  return {
    model,
    stream,
    wantsStreamUsage: (options as Record<string, unknown>)['include_usage'] === true,
    // a server may apply either of two limits
    maxOutputTokens: limits.length === 0 ? undefined : Math.max(...limits) * answers,
    answers,
    isPlain: operation === 'chat' && isPlainChat(value),
  };
}

/** Returns the number of choices per prompt. All `best_of` choices are generated and billed, although only `n` are returned. */
function choicesOf(value: RequestJson['value']): number {
  return Math.max(1, ...limitsIn(value, CHOICES));
}

/**
 * Returns the number of prompts. A list of texts, or of token lists, contains several prompts; a list of tokens is a single
 * prompt.
 */
function promptsIn(operation: Operation, value: RequestJson['value']): number {
  const { prompt } = value;
  if (operation !== 'completions' || !Array.isArray(prompt)) return 1;
  return typeof prompt[0] === 'number' ? 1 : Math.max(1, prompt.length);
}

/** A request in OpenAI's dialect for chat completions, completions or embeddings. */
export class OpenAiRequest extends BodyRequest {
  readonly #operation: Operation;

  constructor(operation: Operation, bytes: Buffer) {
    super(bytes, (value) => viewOf(operation, value), OPTIONS[operation] ?? COMPLETIONS);
    this.#operation = operation;
  }

  protected override edits(form: UpstreamForm): Edit[] {
    const edits = super.edits(form);
    const view = this.view();
    if (!form.streamUsage || !view.stream || view.wantsStreamUsage) return edits;
    const { scan, value } = this.parsed();
    const options = { ...(value['stream_options'] as object | undefined), include_usage: true };
    const span = scan.spans.get('stream_options');
    const brace = this.bytes.indexOf(0x7b) + 1;
    if (span !== undefined) edits.push({ ...span, text: JSON.stringify(options) });
    else edits.push({ start: brace, end: brace, text: `"stream_options":${JSON.stringify(options)},` });
    return edits;
  }

  /**
   * Returns the limit to add: OpenAI's reasoning models refuse `max_tokens`, and many compatible servers support nothing else.
   */
  protected override addedLimit(model: string): string | undefined {
    return this.#operation === 'chat' && /^(o\d|gpt-5)/.test(model) ? 'max_completion_tokens' : 'max_tokens';
  }
}
