import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { asNumber, asString, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { tagSignature } from '../neutral/sealed.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readFinish } from './finish.ts';
import { readUsage } from './usage.ts';

const sealed = (data: Json): string | undefined => tagSignature('bedrock-converse', asString(data));

/** Source: Amazon Bedrock's API reference, "ConverseStream". An event is an object with the event's type as its only member. */
export class ConverseEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  #started = false;
  /** Call numbers by the index of their blocks. */
  readonly #calls = new Map<number, number>();

  read(data: JsonObject): NeutralEvent[] {
    const [type] = Object.keys(data);
    if (type === undefined) return [];
    const value = data[type];
    if (reportsFailure(data)) {
      this.error = errorInStream(data);
      return [];
    }
    const start: NeutralEvent[] = this.#started ? [] : [{ type: 'start', id: '', model: '' }];
    this.#started = true;
    return [...start, ...this.#readEvent(type, value)];
  }

  #readEvent(type: string, value: Json): NeutralEvent[] {
    const index = asNumber(member(value, 'contentBlockIndex')) ?? 0;
    switch (type) {
      case 'contentBlockStart': {
        const tool = member(member(value, 'start'), 'toolUse');
        if (tool === undefined) return [];
        const call = this.#calls.size;
        this.#calls.set(index, call);
        const id = asString(member(tool, 'toolUseId')) ?? '';
        return [{ type: 'tool_call', choice: 0, call, id, name: asString(member(tool, 'name')) ?? '' }];
      }
      case 'contentBlockDelta':
        return this.#delta(index, member(value, 'delta'));
      case 'messageStop': {
        this.finished = true;
        const stopSequence = asString(member(member(value, 'additionalModelResponseFields'), 'stop_sequence'));
        const reason = readFinish(asString(member(value, 'stopReason')) ?? 'end_turn');
        return [{ type: 'finish', choice: 0, reason, stopSequence }];
      }
      case 'metadata': {
        const usage = readUsage(member(value, 'usage'));
        return usage === undefined ? [] : [{ type: 'usage', usage }];
      }
      default:
        return [];
    }
  }

  #delta(index: number, delta: Json): NeutralEvent[] {
    const text = asString(member(delta, 'text'));
    if (text !== undefined) return [{ type: 'text', choice: 0, text }];
    const input = asString(member(member(delta, 'toolUse'), 'input'));
    if (input !== undefined) {
      const call = this.#calls.get(index);
      return call === undefined || input === '' ? [] : [{ type: 'tool_arguments', choice: 0, call, text: input }];
    }
    const reasoning = member(delta, 'reasoningContent');
    const encrypted = sealed(member(reasoning, 'redactedContent'));
    if (encrypted !== undefined) return [{ type: 'reasoning', choice: 0, text: '', encrypted }];
    const reasoningText = asString(member(reasoning, 'text'));
    if (reasoningText !== undefined) return [{ type: 'reasoning', choice: 0, text: reasoningText }];
    const signature = sealed(member(reasoning, 'signature'));
    if (signature !== undefined) return [{ type: 'reasoning', choice: 0, text: '', signature }];
    return [];
  }
}
