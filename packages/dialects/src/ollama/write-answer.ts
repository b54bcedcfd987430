import { defined } from '@sluice/core';
import { eventDecoder } from '../framing/event-decoders.ts';
import { asCount, asList, asString, isObject, type Json, type JsonObject, member, parseJson } from '../neutral/read-json.ts';
import type { OllamaKind } from './read-request.ts';

/** An incomplete tool call of a stream. */
interface OpenCall {
  name: string;
  arguments: string;
}

const NANOS_PER_MS = 1_000_000;

/** Converts replies of OpenAI's API to Ollama's format: whole replies to an object, streams to lines of JSON. */
export class OllamaAnswer {
  readonly #kind: OllamaKind;
  readonly #model: string;
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #events = eventDecoder('sse');
  readonly #calls = new Map<number, OpenCall>();
  #finish: string | undefined;
  #usage: Json;
  #failed = false;

  /**
   * @param model name that the client sent
   * @param now returns milliseconds since the epoch
   */
  constructor(kind: OllamaKind, model: string, now: () => number = Date.now) {
    this.#kind = kind;
    this.#model = model;
    this.#now = now;
    this.#startedMs = now();
  }

  /** Converts a whole reply. */
  whole(reply: JsonObject): JsonObject {
    const usage = reply['usage'];
    if (this.#kind === 'embeddings') return { embedding: member(asList(reply['data'])[0], 'embedding') ?? [] };
    if (this.#kind === 'embed') {
      const embeddings = asList(reply['data']).map((one) => member(one, 'embedding'));
      const counts = {
        total_duration: this.#elapsedNanos(),
        load_duration: 0,
        prompt_eval_count: countIn(usage, 'prompt_tokens'),
      };
      return { model: this.#model, embeddings, ...counts };
    }
    const [choice] = asList(reply['choices']);
    const message = member(choice, 'message');
    const calls = asList(member(message, 'tool_calls')).map((call) => writtenCall(member(call, 'function')));
    const text = asString(member(message, 'content')) ?? asString(member(message, 'refusal')) ?? '';
    this.#usage = usage;
    return { ...this.#piece(text, thoughtIn(message), calls), ...this.#ending(asString(member(choice, 'finish_reason'))) };
  }

  /** Returns the lines that this chunk completes. */
  feed(chunk: Uint8Array): string {
    return this.#lines(this.#events.feed(Buffer.from(chunk)));
  }

  /** Returns the last lines of a complete stream. */
  end(): string {
    const rest = this.#lines(this.#events.flush());
    if (this.#failed) return rest;
    const calls = [...this.#calls.values()].map(writtenCall);
    const called = calls.length === 0 ? '' : line({ ...this.#piece('', undefined, calls), done: false });
    return `${rest}${called}${line({ ...this.#piece('', undefined, []), ...this.#ending(this.#finish) })}`;
  }

  /** Returns the last line of a failed stream. */
  broken(message: string): string {
    if (this.#failed) return '';
    this.#failed = true;
    return line({ error: message });
  }

  #lines(events: readonly string[]): string {
    return events.map((event) => this.#line(parseJson(event))).join('');
  }

  #line(event: Json): string {
    if (!isObject(event)) return '';
    const error = member(event['error'], 'message');
    if (event['error'] !== undefined && event['error'] !== null) return this.broken(asString(error) ?? 'The response broke off.');
    if (isObject(event['usage'])) this.#usage = event['usage'];
    const [choice] = asList(event['choices']);
    const delta = member(choice, 'delta');
    this.#finish = asString(member(choice, 'finish_reason')) ?? this.#finish;
    for (const call of asList(member(delta, 'tool_calls'))) this.#collect(call);
    const text = asString(member(delta, 'content')) ?? '';
    const reasoning = thoughtIn(delta);
    return text === '' && reasoning === undefined ? '' : line({ ...this.#piece(text, reasoning, []), done: false });
  }

  /** Collects the pieces of a call: Ollama writes a call in one piece. */
  #collect(call: Json): void {
    const index = asCount(member(call, 'index')) ?? this.#calls.size;
    const open = this.#calls.get(index) ?? { name: '', arguments: '' };
    const called = member(call, 'function');
    open.name ||= asString(member(called, 'name')) ?? '';
    open.arguments += asString(member(called, 'arguments')) ?? '';
    this.#calls.set(index, open);
  }

  #piece(text: string, reasoning: string | undefined, calls: readonly JsonObject[]): JsonObject {
    const head = { model: this.#model, created_at: new Date(this.#now()).toISOString() };
    const thinking = defined({ thinking: reasoning });
    if (this.#kind === 'generate') return { ...head, response: text, ...thinking };
    const called = calls.length === 0 ? {} : { tool_calls: calls };
    return { ...head, message: { role: 'assistant', content: text, ...thinking, ...called } };
  }

  #ending(finish: string | undefined): JsonObject {
    return {
      done: true,
      done_reason: finish === 'length' ? 'length' : 'stop',
      total_duration: this.#elapsedNanos(),
      load_duration: 0,
      prompt_eval_count: countIn(this.#usage, 'prompt_tokens'),
      prompt_eval_duration: 0,
      eval_count: countIn(this.#usage, 'completion_tokens'),
      eval_duration: this.#elapsedNanos(),
    };
  }

  #elapsedNanos(): number {
    return Math.round((this.#now() - this.#startedMs) * NANOS_PER_MS);
  }
}

const line = (value: JsonObject): string => `${JSON.stringify(value)}\n`;

const countIn = (usage: Json, name: string): number => asCount(member(usage, name)) ?? 0;

function thoughtIn(message: Json): string | undefined {
  const text = asString(member(message, 'reasoning_content')) ?? asString(member(message, 'reasoning'));
  return text === '' ? undefined : text;
}

/** Returns a call with its arguments as an object. */
function writtenCall(called: Json): JsonObject {
  const given = asString(member(called, 'arguments')) ?? '';
  const value = given === '' ? {} : parseJson(given);
  return { function: { name: member(called, 'name'), arguments: isObject(value) ? value : {} } };
}

/** Converts OpenAI's list of models to Ollama's. */
export function ollamaTags(list: JsonObject): JsonObject {
  const models = asList(list['data']).map((one) => {
    const name = asString(member(one, 'id')) ?? '';
    const created = asCount(member(one, 'created')) ?? 0;
    const details = { parent_model: '', format: '', family: '', families: [], parameter_size: '', quantization_level: '' };
    return { name, model: name, modified_at: new Date(created * 1_000).toISOString(), size: 0, digest: '', details };
  });
  return { models };
}
