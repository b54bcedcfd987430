import type { RequestMessage, RequestView, UpstreamForm } from '@sluice/core';
import { isObject, wrongField } from '../neutral/read-json.ts';
import { isModelName, replaceSpans } from '../request-bytes.ts';
import { parseRequestJson, type RequestJson } from '../request-json.ts';

const REWRITTEN: ReadonlySet<string> = new Set(['model']);

function viewOf(value: RequestJson['value']): RequestView {
  const { model, messages, stream = false } = value;
  if (!isModelName(model)) wrongField('model', 'a name of 1 to 256 printable ASCII characters');
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
    wrongField('messages', 'a list of at least one message');
  if (typeof stream !== 'boolean') wrongField('stream', 'true or false');
  return { model: model as string, stream: stream as boolean, wantsStreamUsage: true };
}

/** A request in Anthropic's dialect. Its streams report usage unasked. */
export class AnthropicRequest implements RequestMessage {
  readonly bytes: Buffer;
  #view: RequestView | undefined;
  #json: RequestJson | undefined;
  #fault: unknown;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  view(): RequestView {
    if (this.#view !== undefined) return this.#view;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#json = parseRequestJson(this.bytes, REWRITTEN);
      this.#view = viewOf(this.#json.value);
      return this.#view;
    } catch (error) {
      this.#fault = error;
      throw error;
    }
  }

  json(): RequestJson['value'] {
    this.view();
    return (this.#json as RequestJson).value;
  }

  forUpstream(form: UpstreamForm): Buffer {
    const view = this.view();
    const model = (this.#json as RequestJson).scan.spans.get('model');
    if (model === undefined || form.model === view.model) return this.bytes;
    return replaceSpans(this.bytes, [{ ...model, text: JSON.stringify(form.model) }]);
  }
}
