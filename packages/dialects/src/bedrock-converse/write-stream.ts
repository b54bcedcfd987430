import type { Usage } from '@sluice/core';
import type { EventWriter } from '../dialect.ts';
import { imageText } from '../neutral/image-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import { untagOwnSignature } from '../neutral/sealed.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';

const event = (type: string, value: JsonObject): string => `data: ${JSON.stringify({ [type]: value })}\n\n`;

/** Writes a stream's events as server-sent events. A caller that needs Bedrock's own framing converts each event to a frame. */
export class ConverseEventWriter implements EventWriter {
  #started = false;
  #blocks = 0;
  #open: { kind: 'text' | 'reasoning'; index: number; signed: boolean } | undefined;
  readonly #calls = new Map<number, number>();
  #usage: Usage | undefined;

  write(input: NeutralEvent): string {
    if (input.type === 'start' || input.type === 'usage') {
      this.#usage = input.usage ?? this.#usage;
      return input.type === 'start' ? this.#start() : '';
    }
    if (input.choice !== 0) return '';
    const begin = this.#start();
    switch (input.type) {
      case 'text':
      case 'refusal':
        return input.text === '' ? begin : begin + this.#into('text') + this.#delta({ text: input.text });
      // clients of this dialect cannot request audio
      case 'audio':
        return begin;
      case 'image':
        return begin + this.#into('text') + this.#delta({ text: imageText(input.source) });
      case 'reasoning':
        return begin + this.#think(input);
      case 'tool_call': {
        const closed = this.#closeAll();
        const contentBlockIndex = this.#blocks++;
        this.#calls.set(input.call, contentBlockIndex);
        const start = { toolUse: { toolUseId: input.id, name: input.name } };
        return begin + closed + event('contentBlockStart', { start, contentBlockIndex });
      }
      case 'tool_arguments': {
        const contentBlockIndex = this.#calls.get(input.call);
        if (contentBlockIndex === undefined) return begin;
        return begin + event('contentBlockDelta', { delta: { toolUse: { input: input.text } }, contentBlockIndex });
      }
      case 'finish': {
        const fields =
          input.stopSequence === undefined ? {} : { additionalModelResponseFields: { stop_sequence: input.stopSequence } };
        return begin + this.#closeAll() + event('messageStop', { stopReason: writeFinish(input.reason), ...fields });
      }
    }
  }

  end(): string {
    const usage = writeUsage(this.#usage ?? { inputTokens: 0, outputTokens: 0 });
    return this.#start() + event('metadata', { usage, metrics: { latencyMs: 0 } });
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    return event('messageStart', { role: 'assistant' });
  }

  #think({ text, signature, encrypted }: Extract<NeutralEvent, { type: 'reasoning' }>): string {
    if (encrypted !== undefined) {
      const closed = this.#closeAll();
      const contentBlockIndex = this.#blocks++;
      const delta = { reasoningContent: { redactedContent: untagOwnSignature('bedrock-converse', encrypted) } };
      return closed + event('contentBlockDelta', { delta, contentBlockIndex }) + event('contentBlockStop', { contentBlockIndex });
    }
    const before = this.#open?.signed === true ? this.#closeOpen() : '';
    const opened = this.#into('reasoning');
    const delta = text === '' ? '' : this.#delta({ reasoningContent: { text } });
    if (signature === undefined) return before + opened + delta;
    if (this.#open !== undefined) this.#open.signed = true;
    return (
      before + opened + delta + this.#delta({ reasoningContent: { signature: untagOwnSignature('bedrock-converse', signature) } })
    );
  }

  #into(kind: 'text' | 'reasoning'): string {
    if (this.#open?.kind === kind) return '';
    const closed = this.#closeAll();
    this.#open = { kind, index: this.#blocks++, signed: false };
    return closed;
  }

  #delta(delta: JsonObject): string {
    return event('contentBlockDelta', { delta, contentBlockIndex: this.#open?.index ?? 0 });
  }

  #closeOpen(): string {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? '' : event('contentBlockStop', { contentBlockIndex: open.index });
  }

  #closeAll(): string {
    const stops = [...this.#calls.values()].map((contentBlockIndex) => event('contentBlockStop', { contentBlockIndex }));
    this.#calls.clear();
    return this.#closeOpen() + stops.join('');
  }
}
