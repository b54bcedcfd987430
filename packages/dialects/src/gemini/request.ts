import type { EventFraming, Operation, RequestMessage, RequestView, UpstreamForm } from '@sluice/core';
import { isObject, type JsonObject, needList, wrongField } from '../neutral/read-json.ts';
import { isModelName, replaceSpans } from '../request-bytes.ts';
import { parseRequestJson, type RequestJson } from '../request-json.ts';
import { field } from './fields.ts';

/** What the address of a request says. */
export interface GeminiAddress {
  readonly operation: Operation;
  readonly model: string;
  readonly stream: boolean;
  readonly framing: EventFraming;
  /** Several texts in one request for embeddings. */
  readonly batch: boolean;
}

/** The member without which a request of each operation makes no sense. */
function check(value: JsonObject, { operation, batch }: GeminiAddress): void {
  if (operation === 'chat') {
    const contents = value['contents'];
    if (!Array.isArray(contents) || contents.length === 0 || !contents.every(isObject))
      wrongField('contents', 'a list of at least one content');
  }
  if (operation === 'count_tokens' && value['contents'] === undefined && !isObject(field(value, 'generateContentRequest'))) {
    wrongField('contents', 'a list of at least one content');
  }
  if (operation === 'embeddings' && batch) needList(value['requests'], 'requests');
  if (operation === 'embeddings' && !batch && !isObject(value['content'])) wrongField('content', 'an object');
}

/** A request in Gemini's dialect. Model, form of the answer and framing of a stream are in its address. */
export class GeminiRequest implements RequestMessage {
  readonly bytes: Buffer;
  readonly address: string;
  readonly #asked: GeminiAddress;
  #view: RequestView | undefined;
  #json: RequestJson | undefined;
  #fault: unknown;

  constructor(asked: GeminiAddress, bytes: Buffer) {
    this.#asked = asked;
    this.bytes = bytes;
    this.address = `${asked.model}|${asked.stream ? asked.framing : 'whole'}|${asked.batch ? 'batch' : ''}`;
  }

  view(): RequestView {
    if (this.#view !== undefined) return this.#view;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      const { model, stream, framing } = this.#asked;
      if (!isModelName(model)) wrongField('model', 'a name of 1 to 256 printable ASCII characters');
      this.#json = parseRequestJson(this.bytes, new Set(['model']));
      check(this.#json.value, this.#asked);
      this.#view = { model, stream, wantsStreamUsage: true, framing };
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

  /** Where a body names the model beside the address, it is the provider's name there too. */
  forUpstream({ model }: UpstreamForm): Buffer {
    const value = this.json();
    const name = `models/${model}`;
    const span = (this.#json as RequestJson).scan.spans.get('model');
    if (span !== undefined) return replaceSpans(this.bytes, [{ ...span, text: JSON.stringify(name) }]);
    const requests = this.#asked.batch ? value['requests'] : undefined;
    if (Array.isArray(requests)) {
      return Buffer.from(JSON.stringify({ ...value, requests: requests.map((one: JsonObject) => ({ ...one, model: name })) }));
    }
    const counted = this.#asked.operation === 'count_tokens' ? field(value, 'generateContentRequest') : undefined;
    if (!isObject(counted)) return this.bytes;
    return Buffer.from(JSON.stringify({ generateContentRequest: { ...counted, model: name } }));
  }
}
