import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { asList, asNumber, asString, defined, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Citation } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { readFinish } from './finish.ts';
import { readAnnotations } from './read-messages.ts';
import { readAnswer, readLogprobs, readSources } from './read-reply.ts';
import { readCallSignature, readSeals } from './read-seals.ts';
import { readUsage } from './usage.ts';

/** Source: OpenAI's API reference, "The chat completion chunk object". */
export class OpenAiEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  #started = false;
  /** Of each choice the tool calls that have begun. */
  readonly #calls = new Set<string>();

  read(data: JsonObject): NeutralEvent[] {
    const events: NeutralEvent[] = [];
    if ((isObject(data['error']) || data['object'] === 'error') && data['choices'] === undefined) {
      this.error = errorInStream(data);
      return events;
    }
    if (!this.#started && Array.isArray(data['choices'])) {
      this.#started = true;
      const createdS = asNumber(data['created']);
      const head = { id: asString(data['id']) ?? '', model: asString(data['model']) ?? '' };
      events.push({ type: 'start', ...head, ...(createdS === undefined ? {} : { createdS }) });
    }
    for (const value of asList(data['choices'])) this.#readChoice(value, readSources(data), events);
    const usage = readUsage(data['usage']);
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }

  done(): NeutralEvent[] {
    if (this.finished || !this.#started) return [];
    this.finished = true;
    return [{ type: 'finish', choice: 0, reason: 'stop' }];
  }

  #readChoice(value: Json, sources: readonly Citation[], events: NeutralEvent[]): void {
    const choice = asNumber(member(value, 'index')) ?? 0;
    const delta = member(value, 'delta');
    const reasoning = asString(member(delta, 'reasoning_content')) ?? asString(member(delta, 'reasoning'));
    if (reasoning !== undefined && reasoning !== '') events.push({ type: 'reasoning', choice, text: reasoning });
    for (const detail of asList(member(delta, 'reasoning_details'))) {
      const { encrypted, signature } = readSeals(detail, true);
      if (encrypted !== undefined || signature !== undefined) {
        events.push({ type: 'reasoning', choice, text: '', ...defined({ encrypted, signature }) });
      }
    }
    let text = '';
    for (const part of readAnswer(member(delta, 'content'))) {
      if (part.type === 'reasoning') events.push({ type: 'reasoning', choice, text: part.text });
      else if (part.type === 'text') text += part.text;
    }
    const logprobs = readLogprobs(member(value, 'logprobs'));
    if (text !== '' || logprobs !== undefined) {
      events.push({ type: 'text', choice, text, ...(logprobs === undefined ? {} : { logprobs }) });
    }
    const citations = readAnnotations(member(delta, 'annotations'));
    if (citations.length > 0) events.push({ type: 'text', choice, text: '', citations });
    const refusal = asString(member(delta, 'refusal'));
    if (refusal !== undefined && refusal !== '') events.push({ type: 'refusal', choice, text: refusal });
    for (const [n, call] of asList(member(delta, 'tool_calls')).entries()) this.#readCall(choice, n, call, events);
    const finish = asString(member(value, 'finish_reason'));
    if (finish !== undefined) {
      this.finished = true;
      if (sources.length > 0) events.push({ type: 'text', choice, text: '', citations: sources });
      events.push({ type: 'finish', choice, reason: readFinish(finish) });
    }
  }

  #readCall(choice: number, n: number, value: Json, events: NeutralEvent[]): void {
    const call = asNumber(member(value, 'index')) ?? n;
    const func = member(value, 'function');
    const key = `${choice}/${call}`;
    if (!this.#calls.has(key)) {
      this.#calls.add(key);
      const signature = readCallSignature(value);
      events.push({
        type: 'tool_call',
        choice,
        call,
        id: asString(member(value, 'id')) ?? '',
        name: asString(member(func, 'name')) ?? '',
        ...(signature === undefined ? {} : { signature }),
      });
    }
    const text = asString(member(func, 'arguments'));
    if (text !== undefined && text !== '') events.push({ type: 'tool_arguments', choice, call, text });
  }
}
