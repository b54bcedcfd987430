import type { LlmError, Usage } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { finishReason } from '../failures/reported-error.ts';
import { asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { tagSignature } from '../neutral/sealed.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readFinish } from './finish.ts';
import { readCitations } from './read-reply.ts';
import { readUsage } from './usage.ts';

const sealed = (data: Json): string | undefined => tagSignature('anthropic-messages', asString(data));

/** Source: Anthropic's documentation, "Streaming messages". */
export class AnthropicEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  #usage: JsonObject = {};
  /** Call numbers by the index of their blocks. */
  readonly #calls = new Map<number, number>();

  read(data: JsonObject): NeutralEvent[] {
    if (reportsFailure(data)) {
      this.error = errorInStream(data);
      return [];
    }
    switch (data['type']) {
      case 'message_start':
        return this.#start(data['message']);
      case 'content_block_start':
        return this.#open(asNumber(data['index']) ?? 0, data['content_block']);
      case 'content_block_delta':
        return this.#delta(asNumber(data['index']) ?? 0, data['delta']);
      case 'message_delta':
        return this.#finish(data);
      case 'message_stop':
        this.finished = true;
        return [];
      default:
        return [];
    }
  }

  #start(message: Json): NeutralEvent[] {
    // some servers report completion tokens only at the end
    const given = member(message, 'usage');
    const usage = this.#count(isObject(given) ? { output_tokens: 0, ...given } : given);
    const head = { id: asString(member(message, 'id')) ?? '', model: asString(member(message, 'model')) ?? '' };
    return [{ type: 'start', ...head, usage }];
  }

  #open(index: number, block: Json): NeutralEvent[] {
    switch (member(block, 'type')) {
      case 'text': {
        const text = asString(member(block, 'text')) ?? '';
        return text === '' ? [] : [{ type: 'text', choice: 0, text }];
      }
      case 'thinking': {
        const text = asString(member(block, 'thinking')) ?? '';
        return text === '' ? [] : [{ type: 'reasoning', choice: 0, text }];
      }
      case 'redacted_thinking': {
        const encrypted = sealed(member(block, 'data'));
        return encrypted === undefined ? [] : [{ type: 'reasoning', choice: 0, text: '', encrypted }];
      }
      case 'tool_use': {
        const call = this.#calls.size;
        this.#calls.set(index, call);
        const id = asString(member(block, 'id')) ?? '';
        const events: NeutralEvent[] = [{ type: 'tool_call', choice: 0, call, id, name: asString(member(block, 'name')) ?? '' }];
        const input = member(block, 'input');
        // the arguments arrive in pieces, unless the block already contains them
        if (isObject(input) && Object.keys(input).length > 0) {
          events.push({ type: 'tool_arguments', choice: 0, call, text: JSON.stringify(input) });
        }
        return events;
      }
      default:
        return [];
    }
  }

  #delta(index: number, delta: Json): NeutralEvent[] {
    switch (member(delta, 'type')) {
      case 'text_delta':
        return [{ type: 'text', choice: 0, text: asString(member(delta, 'text')) ?? '' }];
      case 'thinking_delta':
        return [{ type: 'reasoning', choice: 0, text: asString(member(delta, 'thinking')) ?? '' }];
      case 'signature_delta': {
        const signature = sealed(member(delta, 'signature'));
        return signature === undefined ? [] : [{ type: 'reasoning', choice: 0, text: '', signature }];
      }
      case 'citations_delta': {
        const citations = readCitations([member(delta, 'citation')]);
        return citations.length === 0 ? [] : [{ type: 'text', choice: 0, text: '', citations }];
      }
      case 'input_json_delta': {
        const call = this.#calls.get(index);
        const text = asString(member(delta, 'partial_json')) ?? '';
        return call === undefined || text === '' ? [] : [{ type: 'tool_arguments', choice: 0, call, text }];
      }
      default:
        return [];
    }
  }

  #finish(data: JsonObject): NeutralEvent[] {
    const delta = data['delta'];
    const events: NeutralEvent[] = [];
    const usage = this.#count(data['usage']);
    const reason = finishReason(member(delta, 'stop_reason'));
    const stopSequence = asString(member(delta, 'stop_sequence'));
    if (reason !== undefined) {
      // relays in front of Claude may end without `message_stop`
      this.finished = true;
      const explanation = asString(member(member(delta, 'stop_details'), 'explanation'));
      if (reason === 'refusal' && explanation !== undefined) events.push({ type: 'refusal', choice: 0, text: explanation });
      events.push({
        type: 'finish',
        choice: 0,
        reason: readFinish(reason),
        stopSequence,
      });
    }
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }

  /** Merges usage counts. Later counts replace earlier ones; counts that are missing later are kept. */
  #count(usage: Json): Usage | undefined {
    if (!isObject(usage)) return undefined;
    const counts = Object.entries(usage).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(counts) };
    return readUsage(this.#usage);
  }
}
