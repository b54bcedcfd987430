import type { LlmCall, WholeReply } from '@sluice/core';
import {
  asList,
  asString,
  byLength,
  DIALECTS,
  type Dialect,
  estimateAnswerTokens,
  eventCutter,
  type JsonObject,
  member,
  type ReplyContext,
  type ReplyRestorer,
  TranslatedStream,
  translateReply,
} from '@sluice/dialects';
import type { Framing } from '../endpoints/endpoint.ts';
import { ReframedStream } from '../endpoints/reframed-stream.ts';
import { type AnswerReader, objectOf, refusalIn, understood } from './answer-reader.ts';

export interface CompletionOptions {
  readonly call: LlmCall;
  /** What the provider speaks. */
  readonly dialect: Dialect;
  /** The provider's own name of the model. */
  readonly model: string;
  /** How its streams are framed, where otherwise than its dialect has it. */
  readonly framing: Framing | undefined;
  /** Take usage out of the stream that only the gateway asked for. */
  readonly hideUsage: boolean;
  /** Gives the answer what its request lost on the way to the model. */
  readonly restorer?: ReplyRestorer | undefined;
}

const SSE = 'text/event-stream';

/** About how many tokens an answer has that came without a usage that can be believed. */
function answerTokens(dialect: Dialect, value: JsonObject, body: Uint8Array): number {
  // the old completions have texts where others have messages
  const texts = asList(value['choices']).map((choice) => asString(member(choice, 'text')) ?? '');
  try {
    return Math.max(estimateAnswerTokens(dialect.readReply(value)), Math.ceil(byLength(texts.join(''))));
  } catch {
    return Math.ceil(byLength(Buffer.from(body).toString('utf8')));
  }
}

/** A completion: the provider's bytes for a caller of its own dialect, and a translation for others. */
export class Completion implements AnswerReader {
  readonly #options: CompletionOptions;
  readonly #caller: Dialect;

  constructor(options: CompletionOptions) {
    this.#options = options;
    this.#caller = DIALECTS[options.call.dialect];
  }

  stream(status: number, contentType: string): ReturnType<AnswerReader['stream']> {
    if (status !== 200) return undefined;
    const { call, dialect, framing, hideUsage, restorer } = this.#options;
    const asked = call.message.view().framing ?? 'sse';
    const same = this.#caller === dialect;
    const callers = asked === 'json-array' ? 'application/json' : `${SSE}; charset=utf-8`;
    if (framing !== undefined) {
      if (!contentType.startsWith(framing.contentType)) return undefined;
      const watcher = same
        ? new ReframedStream(framing, dialect.watchStream(false, 'sse'))
        : new TranslatedStream(dialect, this.#caller, this.#context(), framing.cutter(), restorer);
      return { watcher, contentType: callers };
    }
    if (same) {
      const array = asked === 'json-array' && call.message.view().stream;
      if (!array && !contentType.startsWith(SSE)) return undefined;
      return { watcher: dialect.watchStream(hideUsage, array ? 'json-array' : 'sse'), contentType };
    }
    if (!contentType.startsWith(SSE)) return undefined;
    return {
      watcher: new TranslatedStream(dialect, this.#caller, this.#context(), eventCutter('sse'), restorer),
      contentType: callers,
    };
  }

  whole(head: WholeReply): WholeReply {
    const { dialect, restorer } = this.#options;
    const value = objectOf(head);
    const usage = dialect.readUsage(value);
    const told = {
      ...(usage === undefined ? {} : { usage }),
      ...(usage === undefined || usage.issue !== undefined ? { generated: answerTokens(dialect, value, head.body) } : {}),
    };
    if (this.#caller === dialect) return { ...head, ...told };
    const text = understood(() => translateReply(dialect, this.#caller, value, this.#context(value), restorer));
    return { ...head, contentType: 'application/json', body: Buffer.from(text), ...told };
  }

  refusal(head: WholeReply): WholeReply {
    const { dialect } = this.#options;
    return this.#caller === dialect ? head : refusalIn(this.#caller, head, (body) => dialect.readErrorMessage(body));
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
    };
  }
}
