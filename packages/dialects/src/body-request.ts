import type { RequestMessage, RequestView, UpstreamForm } from '@sluice/core';
import { replaceSpans } from './request-bytes.ts';
import { parseRequestJson, type RequestJson } from './request-json.ts';

const MODEL: ReadonlySet<string> = new Set(['model']);

/** A request whose body is JSON, read on first need and once. The model's name is the one thing in it that changes on its way to a provider. */
export class BodyRequest implements RequestMessage {
  readonly bytes: Buffer;
  readonly #read: (value: RequestJson['value']) => RequestView;
  readonly #rewritten: ReadonlySet<string>;
  #view: RequestView | undefined;
  #parsed: RequestJson | undefined;
  #fault: unknown;

  /**
   * @param read makes the view, or throws LlmError `invalid_request` with the field that is wrong
   * @param rewritten the members whose place in the bytes is needed
   */
  constructor(bytes: Buffer, read: (value: RequestJson['value']) => RequestView, rewritten: ReadonlySet<string> = MODEL) {
    this.bytes = bytes;
    this.#read = read;
    this.#rewritten = rewritten;
  }

  view(): RequestView {
    if (this.#view !== undefined) return this.#view;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#parsed = parseRequestJson(this.bytes, this.#rewritten);
      this.#view = this.#read(this.#parsed.value);
      return this.#view;
    } catch (error) {
      this.#fault = error;
      throw error;
    }
  }

  json(): RequestJson['value'] {
    return this.parsed().value;
  }

  forUpstream(form: UpstreamForm): Buffer {
    const { scan } = this.parsed();
    const model = scan.spans.get('model');
    if (model === undefined || form.model === this.view().model) return this.bytes;
    return replaceSpans(this.bytes, [{ ...model, text: JSON.stringify(form.model) }]);
  }

  /** The body with the places of its members. */
  protected parsed(): RequestJson {
    this.view();
    return this.#parsed as RequestJson;
  }
}
