import type { EventFraming, Operation, UpstreamForm } from '@sluice/core';
import { BodyRequest, type BodyRequestOptions } from '../body-request.ts';
import { isObject, type JsonObject, needList, wrongField } from '../neutral/read-json.ts';
import { countField } from '../output-limits.ts';
import { geminiQuestion } from '../question.ts';
import { isModelName, replaceSpans } from '../request-bytes.ts';
import { field } from './fields.ts';

const NO_OPTIONS: BodyRequestOptions = {};
const CHAT: BodyRequestOptions = { question: geminiQuestion };

/** Properties of a request from its path. */
export interface GeminiAddress {
  readonly operation: Operation;
  readonly model: string;
  readonly stream: boolean;
  readonly framing: EventFraming;
  /** Whether the request contains several texts for embeddings. */
  readonly batch: boolean;
}

/** Checks the required member of each operation. */
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

/** A request in Gemini's dialect. The path contains the model, the reply format and the stream's framing. */
export class GeminiRequest extends BodyRequest {
  readonly address: string;
  readonly #asked: GeminiAddress;

  constructor(asked: GeminiAddress, bytes: Buffer) {
    const { model, stream, framing, batch } = asked;
    const read = (value: JsonObject) => {
      if (!isModelName(model)) wrongField('model', 'a name of 1 to 256 printable ASCII characters');
      check(value, asked);
      const config = field(value, 'generationConfig');
      const limit = countField(field(config, 'maxOutputTokens'), 'generationConfig.maxOutputTokens');
      const answers = countField(field(config, 'candidateCount'), 'generationConfig.candidateCount') ?? 1;
      const maxOutputTokens = limit === undefined ? undefined : limit * answers;
      return { model, stream, wantsStreamUsage: true, framing, maxOutputTokens, answers };
    };
    super(bytes, read, asked.operation === 'chat' ? CHAT : NO_OPTIONS);
    this.#asked = asked;
    this.address = `${model}|${stream ? framing : 'whole'}|${batch ? 'batch' : ''}`;
  }

  /** Returns the bytes for a provider. A model in the body, in addition to the path, is replaced by the provider's name too. */
  override forUpstream({ model, outputLimit }: UpstreamForm): Buffer {
    if (outputLimit !== undefined && this.#asked.operation === 'chat') return this.#limited(model, outputLimit);
    const { value, scan } = this.parsed();
    const name = `models/${model}`;
    const span = scan.spans.get('model');
    if (span !== undefined) return replaceSpans(this.bytes, [{ ...span, text: JSON.stringify(name) }]);
    const requests = this.#asked.batch ? value['requests'] : undefined;
    if (Array.isArray(requests)) {
      return Buffer.from(JSON.stringify({ ...value, requests: requests.map((one: JsonObject) => ({ ...one, model: name })) }));
    }
    const counted = this.#asked.operation === 'count_tokens' ? field(value, 'generateContentRequest') : undefined;
    if (!isObject(counted)) return this.bytes;
    return Buffer.from(JSON.stringify({ generateContentRequest: { ...counted, model: name } }));
  }

  /** Returns the body with a limit. The limit is inside another member, which is rewritten. */
  #limited(model: string, most: number): Buffer {
    const { value } = this.parsed();
    const config = field(value, 'generationConfig');
    const { max_output_tokens: _snake, ...kept } = isObject(config) ? config : {};
    const given = countField(field(config, 'maxOutputTokens'), 'generationConfig.maxOutputTokens') ?? most;
    const { generation_config: _config, ...rest } = value;
    const named = rest['model'] === undefined ? {} : { model: `models/${model}` };
    const limited = { ...kept, maxOutputTokens: Math.min(given, most) };
    return Buffer.from(JSON.stringify({ ...rest, ...named, generationConfig: limited }));
  }
}
