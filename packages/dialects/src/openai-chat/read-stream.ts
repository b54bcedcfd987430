import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { finishReason } from '../failures/reported-error.ts';
import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Citation } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readFinish } from './finish.ts';
import { readImages } from './read-calls.ts';
import { readAnnotations } from './read-messages.ts';
import { readAnswer, readLogprobs, readSources } from './read-reply.ts';
import { readSeals } from './read-seals.ts';
import { StreamCalls } from './stream-calls.ts';
import { readUsage } from './usage.ts';

/** Source: OpenAI's API reference, "The chat completion chunk object". */
export class OpenAiEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  #started = false;
  /** Reasoning of each choice that arrived in details. */
  readonly #details = new Map<number, string>();
  /** Tool calls of each choice. */
  readonly #calls = new Map<number, StreamCalls>();

  read(data: JsonObject): NeutralEvent[] {
    const events: NeutralEvent[] = [];
    const choices = asList(data['choices']);
    if (reportsFailure(data)) {
      for (const value of choices) if (isObject(value)) this.#readDelta(value, events);
      this.error = errorInStream(data);
      return events;
    }
    this.#start(data, choices, events);
    for (const value of choices) this.#readChoice(value, readSources(data), events);
    const usage = readUsage(data['usage']);
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }

  done(): NeutralEvent[] {
    const events: NeutralEvent[] = [];
    if (this.finished || !this.#started) return events;
    this.finished = true;
    for (const calls of this.#calls.values()) calls.end(events);
    events.push({ type: 'finish', choice: 0, reason: readFinish('stop', this.#callsOf(0).any) });
    return events;
  }

  /**
   * Emits the start event. Azure first sends a chunk with neither an id nor a choice, which does not belong to the response.
   */
  #start(data: JsonObject, choices: readonly Json[], events: NeutralEvent[]): void {
    const id = asString(data['id']) ?? '';
    if (this.#started || !Array.isArray(data['choices']) || (choices.length === 0 && id === '')) return;
    this.#started = true;
    const createdS = asNumber(data['created']);
    const created = createdS === undefined || createdS <= 0 ? {} : { createdS };
    events.push({ type: 'start', id, model: asString(data['model']) ?? '', ...created });
  }

  #readChoice(value: Json, sources: readonly Citation[], events: NeutralEvent[]): void {
    const choice = this.#readDelta(value, events);
    const finish = finishReason(member(value, 'finish_reason'));
    if (finish === undefined) return;
    this.finished = true;
    this.#callsOf(choice).end(events);
    if (sources.length > 0) events.push({ type: 'text', choice, text: '', citations: sources });
    events.push({ type: 'finish', choice, reason: readFinish(finish, this.#callsOf(choice).any) });
  }

  /** Reads the additions of a chunk to a choice. Some servers write `message` instead of `delta`. */
  #readDelta(value: Json, events: NeutralEvent[]): number {
    const choice = asNumber(member(value, 'index')) ?? 0;
    const delta = member(value, 'delta') ?? member(value, 'message');
    this.#readDetails(choice, delta, events);
    readThoughts(choice, delta, events);
    readWords(choice, delta, member(value, 'logprobs'), events);
    for (const { source } of readImages(delta)) events.push({ type: 'image', choice, source });
    const pieces = asList(member(delta, 'tool_calls'));
    if (pieces.length > 0) this.#callsOf(choice).read(pieces, events);
    const older = member(delta, 'function_call');
    if (isObject(older)) this.#callsOf(choice).readFunctionCall(older, events);
    return choice;
  }

  /** Reads reasoning that arrives only in details, in MiniMax's format: a piece, or all of it so far. */
  #readDetails(choice: number, delta: Json, events: NeutralEvent[]): void {
    if (member(delta, 'reasoning_content') != null || member(delta, 'reasoning') != null) return;
    for (const detail of asList(member(delta, 'reasoning_details'))) {
      const text = asString(member(detail, 'text')) ?? '';
      const before = this.#details.get(choice) ?? '';
      const isWhole = before.length > 1 && text.length > before.length && text.startsWith(before);
      const piece = isWhole ? text.slice(before.length) : text;
      this.#details.set(choice, before + piece);
      if (piece !== '') events.push({ type: 'reasoning', choice, text: piece });
    }
  }

  #callsOf(choice: number): StreamCalls {
    let calls = this.#calls.get(choice);
    if (calls === undefined) {
      calls = new StreamCalls(choice);
      this.#calls.set(choice, calls);
    }
    return calls;
  }
}

function readThoughts(choice: number, delta: Json, events: NeutralEvent[]): void {
  const reasoning = asString(member(delta, 'reasoning_content')) ?? asString(member(delta, 'reasoning'));
  if (reasoning !== undefined && reasoning !== '') events.push({ type: 'reasoning', choice, text: reasoning });
  for (const detail of asList(member(delta, 'reasoning_details'))) {
    const { encrypted, signature } = readSeals(detail, true);
    if (encrypted !== undefined || signature !== undefined) {
      events.push({ type: 'reasoning', choice, text: '', encrypted, signature });
    }
  }
}

function readWords(choice: number, delta: Json, probs: Json, events: NeutralEvent[]): void {
  let text = '';
  for (const part of readAnswer(member(delta, 'content'))) {
    if (part.type === 'reasoning') events.push({ type: 'reasoning', choice, text: part.text });
    else if (part.type === 'text') text += part.text;
  }
  const logprobs = readLogprobs(probs);
  if (text !== '' || logprobs !== undefined) {
    events.push({ type: 'text', choice, text, logprobs });
  }
  const citations = readAnnotations(member(delta, 'annotations'));
  if (citations.length > 0) events.push({ type: 'text', choice, text: '', citations });
  const refusal = asString(member(delta, 'refusal'));
  if (refusal !== undefined && refusal !== '') events.push({ type: 'refusal', choice, text: refusal });
}
