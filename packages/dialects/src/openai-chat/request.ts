import { LlmError, type Operation, type RequestView, type UpstreamForm } from '@sluice/core';
import { BodyRequest } from '../body-request.ts';
import { asCount } from '../neutral/read-json.ts';
import { type Edit, isModelName, replaceSpans } from '../request-bytes.ts';
import type { RequestJson } from '../request-json.ts';

/** Members whose bytes may have to change on the way to a provider. */
const REWRITTEN: ReadonlySet<string> = new Set(['model', 'stream_options']);

/** The member without which a request of each operation makes no sense, and what it must be. */
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
  const options = value['stream_options'] ?? {};
  if (typeof options !== 'object' || Array.isArray(options)) wrong('stream_options', 'an object');
  const limit = asCount(value['max_completion_tokens']) ?? asCount(value['max_tokens']);
  return {
    model,
    stream,
    wantsStreamUsage: (options as Record<string, unknown>)['include_usage'] === true,
    maxOutputTokens: limit === undefined ? undefined : limit * Math.max(1, asCount(value['n']) ?? 1),
  };
}

/** A request in OpenAI's dialect, of chat completions, completions or embeddings. */
export class OpenAiRequest extends BodyRequest {
  constructor(operation: Operation, bytes: Buffer) {
    super(bytes, (value) => viewOf(operation, value), REWRITTEN);
  }

  override forUpstream(form: UpstreamForm): Buffer {
    const view = this.view();
    const { scan, value } = this.parsed();
    const edits: Edit[] = [];
    const model = scan.spans.get('model');
    if (model !== undefined && form.model !== view.model) edits.push({ ...model, text: JSON.stringify(form.model) });
    if (form.streamUsage && view.stream && !view.wantsStreamUsage) {
      const options = { ...(value['stream_options'] as object | undefined), include_usage: true };
      const span = scan.spans.get('stream_options');
      const brace = this.bytes.indexOf(0x7b) + 1;
      if (span !== undefined) edits.push({ ...span, text: JSON.stringify(options) });
      else edits.push({ start: brace, end: brace, text: `"stream_options":${JSON.stringify(options)},` });
    }
    return edits.length === 0 ? this.bytes : replaceSpans(this.bytes, edits);
  }
}
