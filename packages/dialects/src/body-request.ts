import type { LeftOut, Question, RequestMessage, RequestView, UpstreamForm } from '@sluice/core';
import { canonicalJson } from './canonical-json.ts';
import { limitEdits } from './output-limits.ts';
import type { PlacedQuestion } from './question.ts';
import { type Edit, replaceSpans } from './request-bytes.ts';
import { parseRequestJson, type RequestJson } from './request-json.ts';

const NONE: readonly string[] = [];

export interface BodyRequestOptions {
  /** Members with byte positions that are needed, in addition to the model and the limits. */
  readonly rewritten?: readonly string[];
  /** Members that limit the length of a response. The first one is added if a limit is needed and the client sets none. */
  readonly limits?: readonly string[];
  /** Members that choose only between a stream and a whole response. */
  readonly streaming?: ReadonlySet<string>;
  /** Returns whether the response can be converted between a stream and a whole response with the same content. */
  isEitherForm?(body: RequestJson['value'], view: RequestView): boolean;
  /** Returns the question of a request. */
  question?(body: RequestJson['value']): PlacedQuestion | undefined;
}

/** A request with a JSON body, which is parsed once on first use. Only the model name changes on the way to a provider. */
export class BodyRequest implements RequestMessage {
  readonly bytes: Buffer;
  readonly #read: (value: RequestJson['value']) => RequestView;
  readonly #options: BodyRequestOptions;
  #view: RequestView | undefined;
  #parsed: RequestJson | undefined;
  #fault: unknown;

  /**
   * @param read creates the view, or throws LlmError `invalid_request` with the invalid field
   * @param options one object for all requests of the same kind
   */
  constructor(bytes: Buffer, read: (value: RequestJson['value']) => RequestView, options: BodyRequestOptions = NO_OPTIONS) {
    this.bytes = bytes;
    this.#read = read;
    this.#options = options;
  }

  view(): RequestView {
    if (this.#view !== undefined) return this.#view;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#parsed = parseRequestJson(this.bytes, membersOf(this.#options));
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

  canonical({ question = false }: LeftOut = {}): string {
    const without = this.isEitherForm() ? this.#options.streaming : undefined;
    return canonicalJson(this.bytes, { without, cut: question ? this.#question()?.path : undefined });
  }

  isEitherForm(): boolean {
    return this.#options.isEitherForm?.(this.json(), this.view()) === true;
  }

  question(): Question | undefined {
    return this.#question();
  }

  forUpstream(form: UpstreamForm): Buffer {
    const edits = this.edits(form);
    return edits.length === 0 ? this.bytes : replaceSpans(this.bytes, edits);
  }

  /** Returns the changes for a provider: the model name and the response limit. */
  protected edits({ model: name, outputLimit }: UpstreamForm): Edit[] {
    const parsed = this.parsed();
    const model = parsed.scan.spans.get('model');
    const edits: Edit[] = [];
    if (model !== undefined && name !== this.view().model) edits.push({ ...model, text: JSON.stringify(name) });
    if (outputLimit === undefined) return edits;
    const { limits = NONE } = this.#options;
    const added = this.addedLimit(name) ?? limits[0];
    return added === undefined ? edits : [...edits, ...limitEdits(this.bytes, parsed, limits, added, outputLimit)];
  }

  /** Returns the member that limits the response of a model, if it differs from the first of the limits. */
  protected addedLimit(_model: string): string | undefined {
    return undefined;
  }

  #question(): PlacedQuestion | undefined {
    return this.#options.question?.(this.json());
  }

  /** Returns the parsed body with the positions of its members. */
  protected parsed(): RequestJson {
    this.view();
    return this.#parsed as RequestJson;
  }
}

const NO_OPTIONS: BodyRequestOptions = {};

/** Members by options. All requests of an operation have the same options. */
const memberSets = new WeakMap<BodyRequestOptions, ReadonlySet<string>>();

function membersOf(options: BodyRequestOptions): ReadonlySet<string> {
  let members = memberSets.get(options);
  if (members === undefined) {
    members = new Set(['model', ...(options.rewritten ?? []), ...(options.limits ?? [])]);
    memberSets.set(options, members);
  }
  return members;
}
