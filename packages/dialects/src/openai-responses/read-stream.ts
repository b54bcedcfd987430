import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { TEXT_BEGIN, TEXT_END, textPiece } from '../neutral/free-text.ts';
import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { ToolForm } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { readAnnotations } from './annotations.ts';
import { reportsFailure } from './answer-state.ts';
import { toolOfCall } from './client-tools.ts';
import { readFinish } from './finish.ts';
import { isCall, readLogprobs, readOutput } from './read-items.ts';
import { readUsage } from './usage.ts';

/** An item of the response. Content that did not arrive in pieces is read at the end of the item or the response. */
interface Item {
  readonly call: number | undefined;
  readonly form: ToolForm | undefined;
  /** Whether its content arrived in pieces. */
  arrived: boolean;
  closed: boolean;
}

/** Identifies an item by its index, or by its id at servers that omit the index. */
type ItemKey = number | string;

const keyOf = (data: JsonObject): ItemKey =>
  asNumber(data['output_index']) ?? asString(data['item_id']) ?? asString(member(data['item'], 'id')) ?? 0;

/** Source: OpenAI's API reference, "Streaming events" of responses. */
export class ResponsesEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  readonly #items = new Map<ItemKey, Item>();
  #calls = 0;

  read(data: JsonObject): NeutralEvent[] {
    if (reportsFailure(data)) {
      this.error = errorInStream(data);
      return [];
    }
    const key = keyOf(data);
    const delta = asString(data['delta']) ?? '';
    switch (data['type']) {
      case 'response.created':
        return this.#start(data['response']);
      case 'response.output_item.added':
        // OpenAI may use another `call_id` in the completed item
        return comesWhole(data['item']) ? [] : this.#open(key, data['item']);
      case 'response.output_text.delta': {
        this.#markArrived(key);
        const logprobs = readLogprobs(data['logprobs']);
        return [{ type: 'text', choice: 0, text: delta, logprobs }];
      }
      case 'response.output_text.annotation.added': {
        const citations = readAnnotations([data['annotation']]);
        return citations.length === 0 ? [] : [{ type: 'text', choice: 0, text: '', citations }];
      }
      case 'response.refusal.delta':
        this.#markArrived(key);
        return [{ type: 'refusal', choice: 0, text: delta }];
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        this.#markArrived(key);
        return [{ type: 'reasoning', choice: 0, text: delta }];
      case 'response.function_call_arguments.delta': {
        const item = this.#items.get(key);
        if (item?.call === undefined || delta === '') return [];
        item.arrived = true;
        return [{ type: 'tool_arguments', choice: 0, call: item.call, text: delta }];
      }
      case 'response.custom_tool_call_input.delta':
        return this.#freeText(key, delta);
      case 'response.output_item.done':
        return this.#close(key, data['item']);
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(data['response']);
      default:
        return [];
    }
  }

  #start(response: Json): NeutralEvent[] {
    const createdS = asNumber(member(response, 'created_at'));
    const head = { id: asString(member(response, 'id')) ?? '', model: asString(member(response, 'model')) ?? '' };
    return [{ type: 'start', ...head, createdS: createdS === undefined || createdS <= 0 ? undefined : createdS }];
  }

  #markArrived(key: ItemKey): void {
    const item = this.#items.get(key);
    if (item !== undefined) item.arrived = true;
    else this.#items.set(key, { call: undefined, form: undefined, arrived: true, closed: false });
  }

  #open(key: ItemKey, item: Json): NeutralEvent[] {
    const call = isCall(item) ? this.#calls++ : undefined;
    const [read] = call === undefined || !isObject(item) ? [] : readOutput(item);
    const form = read?.type === 'tool_call' ? read.form : undefined;
    this.#items.set(key, { call, form, arrived: false, closed: false });
    if (call === undefined || read?.type !== 'tool_call') return [];
    return [{ type: 'tool_call', choice: 0, call, id: read.id, name: read.name, form }];
  }

  #close(key: ItemKey, item: Json): NeutralEvent[] {
    if (!isObject(item)) return [];
    const before = this.#items.has(key) ? [] : this.#open(key, item);
    const known = this.#items.get(key) as Item;
    if (known.closed) return before;
    known.closed = true;
    return [...before, ...(known.call === undefined ? restOf(item, known.arrived) : this.#restOfCall(item, known, known.call))];
  }

  /** Reads a piece of a free text, the only argument of its call. */
  #freeText(key: ItemKey, delta: string): NeutralEvent[] {
    const item = this.#items.get(key);
    if (item?.call === undefined || delta === '') return [];
    const begin = item.arrived ? '' : TEXT_BEGIN;
    item.arrived = true;
    return [{ type: 'tool_arguments', choice: 0, call: item.call, text: begin + textPiece(delta) }];
  }

  #restOfCall(item: JsonObject, { form, arrived }: Item, call: number): NeutralEvent[] {
    const [read] = arrived ? [] : readOutput(item);
    const text = read?.type === 'tool_call' ? read.arguments : form === 'custom' ? TEXT_END : '';
    return text === '' ? [] : [{ type: 'tool_arguments', choice: 0, call, text }];
  }

  #finish(response: Json): NeutralEvent[] {
    this.finished = true;
    const events = asList(member(response, 'output')).flatMap((item, index) => {
      const id = asString(member(item, 'id'));
      return id !== undefined && this.#items.has(id) ? this.#close(id, item) : this.#close(index, item);
    });
    const reason = readFinish(isObject(response) ? response : {}, this.#calls > 0);
    events.push({ type: 'finish', choice: 0, reason });
    const usage = readUsage(response);
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }
}

/** Returns whether an item is a call without events for its pieces. */
function comesWhole(item: Json): boolean {
  const form = toolOfCall(member(item, 'type'))?.form;
  return form !== undefined && form !== 'custom';
}

/** Returns the content of an item that did not arrive in pieces. Compatible servers without streaming send whole items. */
function restOf(item: JsonObject, arrived: boolean): NeutralEvent[] {
  return readOutput(item).flatMap((part): NeutralEvent[] => {
    switch (part.type) {
      case 'text':
      case 'refusal':
        return arrived ? [] : [{ ...part, choice: 0 }];
      case 'image':
        return [{ type: 'image', choice: 0, source: part.source }];
      case 'reasoning': {
        const { text, signature, encrypted } = part;
        if (encrypted !== undefined) return [{ type: 'reasoning', choice: 0, text: '', encrypted }];
        const rest = arrived ? '' : text;
        if (rest === '' && signature === undefined) return [];
        return [{ type: 'reasoning', choice: 0, text: rest, signature }];
      }
      default:
        return [];
    }
  });
}
