import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { readAnnotations } from './annotations.ts';
import { readFinish } from './finish.ts';
import { isCall, readLogprobs, readReasoning } from './read-items.ts';
import { readUsage } from './usage.ts';

/** An item that is under way, and whether its words came in pieces: what did not is taken from its end. */
interface Item {
  readonly call: number | undefined;
  readonly custom: boolean;
  said: boolean;
}

/** Source: OpenAI's API reference, "Streaming events" of responses. */
export class ResponsesEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  readonly #items = new Map<number, Item>();
  #calls = 0;

  read(data: JsonObject): NeutralEvent[] {
    const index = asNumber(data['output_index']) ?? 0;
    const delta = asString(data['delta']) ?? '';
    switch (data['type']) {
      case 'response.created':
        return this.#start(data['response']);
      case 'response.output_item.added':
        return this.#open(index, data['item']);
      case 'response.output_text.delta': {
        this.#said(index);
        const logprobs = readLogprobs(data['logprobs']);
        return [{ type: 'text', choice: 0, text: delta, ...(logprobs === undefined ? {} : { logprobs }) }];
      }
      case 'response.output_text.annotation.added': {
        const citations = readAnnotations([data['annotation']]);
        return citations.length === 0 ? [] : [{ type: 'text', choice: 0, text: '', citations }];
      }
      case 'response.refusal.delta':
        this.#said(index);
        return [{ type: 'refusal', choice: 0, text: delta }];
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        this.#said(index);
        return [{ type: 'reasoning', choice: 0, text: delta }];
      case 'response.function_call_arguments.delta': {
        this.#said(index);
        const call = this.#items.get(index)?.call;
        return call === undefined || delta === '' ? [] : [{ type: 'tool_arguments', choice: 0, call, text: delta }];
      }
      case 'response.output_item.done':
        return this.#close(index, data['item']);
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(data['response']);
      case 'response.failed':
      case 'error':
        this.error = errorInStream(data);
        return [];
      default:
        return [];
    }
  }

  #start(response: Json): NeutralEvent[] {
    const createdS = asNumber(member(response, 'created_at'));
    const head = { id: asString(member(response, 'id')) ?? '', model: asString(member(response, 'model')) ?? '' };
    return [{ type: 'start', ...head, ...(createdS === undefined ? {} : { createdS }) }];
  }

  #said(index: number): void {
    const item = this.#items.get(index);
    if (item !== undefined) item.said = true;
  }

  #open(index: number, item: Json): NeutralEvent[] {
    const call = isCall(item) ? this.#calls++ : undefined;
    this.#items.set(index, { call, custom: member(item, 'type') === 'custom_tool_call', said: false });
    if (call === undefined) return [];
    const id = asString(member(item, 'call_id')) ?? asString(member(item, 'id')) ?? '';
    return [{ type: 'tool_call', choice: 0, call, id, name: asString(member(item, 'name')) ?? '' }];
  }

  #close(index: number, item: Json): NeutralEvent[] {
    if (!isObject(item)) return [];
    const before = this.#items.has(index) ? [] : this.#open(index, item);
    const known = this.#items.get(index) as Item;
    if (known.call !== undefined) {
      const { call } = known;
      const text = known.custom
        ? JSON.stringify({ input: asString(item['input']) ?? '' })
        : known.said
          ? ''
          : (asString(item['arguments']) ?? '{}');
      return text === '' ? before : [...before, { type: 'tool_arguments', choice: 0, call, text }];
    }
    if (item['type'] !== 'reasoning') return before;
    return readReasoning(item).flatMap(({ text, signature, encrypted }): NeutralEvent[] => {
      if (encrypted !== undefined) return [{ type: 'reasoning', choice: 0, text: '', encrypted }];
      const rest = known.said ? '' : text;
      if (rest === '' && signature === undefined) return [];
      return [{ type: 'reasoning', choice: 0, text: rest, ...(signature === undefined ? {} : { signature }) }];
    });
  }

  #finish(response: Json): NeutralEvent[] {
    this.finished = true;
    const reason = readFinish(isObject(response) ? response : {}, this.#calls > 0);
    const usage = readUsage(response);
    const events: NeutralEvent[] = [{ type: 'finish', choice: 0, reason }];
    return usage === undefined ? events : [...events, { type: 'usage', usage }];
  }
}
