import type { RequestMessage, RequestView, UpstreamForm } from '@sluice/core';
import { replaceSpans } from './request-bytes.ts';
import { parseRequestJson, type RequestJson } from './request-json.ts';

const REWRITTEN: ReadonlySet<string> = new Set(['model']);

/** A request whose body says all of it, the model's name included, which is the one thing that changes on its way to a provider. */
export class BodyRequest implements RequestMessage {
  readonly bytes: Buffer;
  readonly #read: (value: RequestJson['value']) => RequestView;
  #view: RequestView | undefined;
  #json: RequestJson | undefined;
  #fault: unknown;

  /** @param read makes the view, or throws LlmError `invalid_request` with the field that is wrong */
  constructor(bytes: Buffer, read: (value: RequestJson['value']) => RequestView) {
    this.bytes = bytes;
    this.#read = read;
  }

  view(): RequestView {
    if (this.#view !== undefined) return this.#view;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#json = parseRequestJson(this.bytes, REWRITTEN);
      this.#view = this.#read(this.#json.value);
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
