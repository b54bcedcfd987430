import { bufferOf, errorTexts, type LlmCall, type LlmReply, type WholeReply } from '@sluice/core';
import {
  asList,
  asString,
  byLength,
  DIALECTS,
  type Dialect,
  errorInStream,
  estimateAnswerTokens,
  eventDecoder,
  type JsonObject,
  member,
  type ReplyContext,
  type ReplyRestorer,
  TranslatedStream,
  translateReply,
} from '@sluice/dialects';
import type { Framing } from '../endpoints/endpoint.ts';
import { ReframedStream } from '../endpoints/reframed-stream.ts';
import { type AnswerReader, jsonType, noAnswer, objectOf, ownRefusal, parseAnswer, refusalIn } from './answer-reader.ts';
import { type BodyKind, bodyKind, isType } from './body-kind.ts';
import { wholeOfTexts } from './legacy-completion.ts';
import { hasPlausibleCounts, streamOfWhole, wholeOfStream } from './other-form.ts';

export interface CompletionOptions {
  readonly call: LlmCall;
  /** The provider's dialect. */
  readonly dialect: Dialect;
  /** The provider's own name of the model. */
  readonly model: string;
  /** Framing of its streams, if it differs from the dialect's. */
  readonly framing: Framing | undefined;
  /** Whether to remove usage that only the gateway requested from the stream. */
  readonly hideUsage: boolean;
  /** Restores in the answer what the model could not accept in the request. */
  readonly restorer?: ReplyRestorer | undefined;
}

const SSE = 'text/event-stream';

/** Estimates the tokens of an answer without plausible usage. */
function answerTokens(dialect: Dialect, value: JsonObject, body: Uint8Array): number {
  // legacy completions have texts in place of messages
  const texts = asList(value['choices']).map((choice) => asString(member(choice, 'text')) ?? '');
  try {
    return Math.max(estimateAnswerTokens(dialect.readReply(value)), Math.ceil(byLength(texts.join(''))));
  } catch {
    return Math.ceil(byLength(Buffer.from(body).toString('utf8')));
  }
}

/** Reads completions: the provider's bytes for a caller of its own dialect, a translation for others. */
export class Completion implements AnswerReader {
  readonly #options: CompletionOptions;
  readonly #caller: Dialect;
  /** Whether the provider's bytes are the answer. */
  readonly #passes: boolean;

  constructor(options: CompletionOptions) {
    this.#options = options;
    this.#caller = DIALECTS[options.call.dialect];
    this.#passes = this.#caller === options.dialect && options.restorer === undefined;
  }

  stream(contentType: string, kind: BodyKind): ReturnType<AnswerReader['stream']> {
    const { call, dialect, framing, hideUsage, restorer } = this.#options;
    const view = call.message.view();
    // a stream that was not requested is collected
    if (!view.stream) return undefined;
    const requested = view.framing ?? 'sse';
    const same = this.#passes;
    const callers = requested === 'json-array' ? 'application/json' : `${SSE}; charset=utf-8`;
    if (framing !== undefined && isType(contentType, framing.contentType)) {
      const observer = same
        ? new ReframedStream(framing, dialect.watchStream(false, 'sse'))
        : new TranslatedStream(dialect, this.#caller, this.#context(), framing.decoder(), restorer);
      return { observer, contentType: callers };
    }
    const sent = sentFraming(contentType, kind, requested === 'json-array' || dialect.name === 'gemini');
    if (sent === undefined) return undefined;
    if (!same || sent !== requested) {
      return {
        observer: new TranslatedStream(dialect, this.#caller, this.#context(), eventDecoder(sent), restorer),
        contentType: callers,
      };
    }
    const type = sent === 'sse' && !contentType.startsWith(SSE) ? callers : contentType;
    return { observer: dialect.watchStream(hideUsage, sent), contentType: type };
  }

  whole(head: WholeReply): LlmReply {
    const { dialect, call, framing, restorer } = this.#options;
    const { stream } = call.message.view();
    const events = framedEvents(head, framing) ?? (bodyKind(bufferOf(head.body)) === 'events' ? eventDecoder('sse') : undefined);
    if (events !== undefined && !stream && call.operation === 'chat')
      return wholeOfStream(head, events, dialect, this.#caller, this.#context(), restorer);
    const legacy = events !== undefined && !stream && call.operation === 'completions';
    if (legacy) return this.#wholeOf(asJson(head, wholeOfTexts(events, bufferOf(head.body), dialect)));
    return this.#wholeOf(head);
  }

  #wholeOf(head: WholeReply): LlmReply {
    const { dialect, call, restorer } = this.#options;
    const { stream } = call.message.view();
    const value = objectOf(head);
    if (dialect.reportsFailure(value)) throw errorInStream(value);
    const content = dialect.contentOf(value);
    if (content === 'none') throw noAnswer(errorTexts.answerEmpty);
    const usage = dialect.readUsage(value);
    const generated = hasPlausibleCounts(usage) ? undefined : answerTokens(dialect, value, head.body);
    const empty = content === 'empty' ? true : undefined;
    const own: WholeReply = { ...head, usage, generated, empty, contentType: jsonType(head.contentType) };
    if (stream) return parseAnswer(() => streamOfWhole(own, value, call, dialect, this.#caller, this.#context(value), restorer));
    if (this.#passes) return own;
    const text = parseAnswer(() => translateReply(dialect, this.#caller, value, this.#context(value), restorer));
    return { ...own, contentType: 'application/json', body: Buffer.from(text) };
  }

  refusal(head: WholeReply): WholeReply {
    return this.#caller === this.#options.dialect ? ownRefusal(head) : refusalIn(this.#caller, head);
  }

  #context(reply?: JsonObject): ReplyContext {
    const { call, model } = this.#options;
    const named = reply?.['model'] ?? reply?.['modelVersion'];
    const view = call.message.view();
    return {
      model: typeof named === 'string' && named !== '' ? named : model,
      id: call.id,
      createdS: Math.floor(Date.now() / 1_000),
      streamUsage: view.wantsStreamUsage,
      framing: view.framing ?? 'sse',
      audioFormat: call.dialect === 'openai-chat' ? asString(member(call.message.json()['audio'], 'format')) : undefined,
    };
  }
}

const asJson = (head: WholeReply, value: JsonObject): WholeReply => ({
  ...head,
  contentType: 'application/json',
  body: Buffer.from(JSON.stringify(value)),
});

/** Detects the framing of a stream by its first bytes, then by its content type; undefined for a complete answer. */
function sentFraming(contentType: string, kind: BodyKind, mayBeList: boolean): 'sse' | 'json-array' | undefined {
  switch (kind) {
    case 'events':
      return 'sse';
    case 'list':
      return mayBeList ? 'json-array' : undefined;
    case 'object':
      return undefined;
    case 'other':
      return isType(contentType, SSE) ? 'sse' : undefined;
  }
}

const framedEvents = ({ contentType }: WholeReply, framing: Framing | undefined) =>
  framing !== undefined && isType(contentType, framing.contentType) ? framing.decoder() : undefined;
