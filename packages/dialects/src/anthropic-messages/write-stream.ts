import type { Usage } from '@sluice/core';
import type { EventWriter, ReplyContext } from '../dialect.ts';
import { imageText } from '../neutral/image-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { FinishReason } from '../neutral/reply.ts';
import { UNSIGNED, untagOwnSignature } from '../neutral/sealed.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { writeCitations } from './write-reply.ts';

const unsealed = (sealed: string): string => untagOwnSignature('anthropic-messages', sealed);

const event = (data: JsonObject & { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** The block that deltas belong to. Each block is closed before the next begins. */
type Open = { readonly kind: 'text' | 'thinking'; readonly index: number };

/** Writes a stream. This format has one choice; other choices are omitted. */
export class AnthropicEventWriter implements EventWriter {
  readonly #context: ReplyContext;
  #started = false;
  #blocks = 0;
  #open: Open | undefined;
  #signed = false;
  /** The block of each open tool call. */
  readonly #calls = new Map<number, number>();
  #usage: Usage = { inputTokens: 0, outputTokens: 0 };
  #reason: FinishReason = 'stop';
  #stopSequence: string | null = null;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  write(input: NeutralEvent): string {
    if (input.type === 'start') {
      if (input.usage !== undefined) this.#usage = input.usage;
      return this.#start(input.id);
    }
    if (input.type === 'usage') {
      this.#usage = input.usage;
      return '';
    }
    if (input.choice !== 0) return '';
    const begin = this.#start('');
    switch (input.type) {
      case 'text': {
        if (input.text === '' && input.citations === undefined) return begin;
        const opened = this.#into('text');
        const text = input.text === '' ? '' : this.#delta({ type: 'text_delta', text: input.text });
        const citations = writeCitations(input.citations ?? []).map((citation) =>
          this.#delta({ type: 'citations_delta', citation }),
        );
        return begin + opened + text + citations.join('');
      }
      case 'refusal':
        return begin + this.#into('text') + this.#delta({ type: 'text_delta', text: input.text });
      // clients of this dialect cannot request audio
      case 'audio':
        return begin;
      case 'image':
        return begin + this.#into('text') + this.#delta({ type: 'text_delta', text: imageText(input.source) });
      case 'reasoning':
        return begin + this.#think(input);
      case 'tool_call': {
        const closed = this.#closeOpen() + this.#closeCalls();
        const signature =
          input.signature === undefined ? '' : this.#alone({ type: 'redacted_thinking', data: unsealed(input.signature) });
        const index = this.#blocks++;
        this.#calls.set(input.call, index);
        const block = { type: 'tool_use', id: input.id, name: input.name, input: {} };
        return begin + closed + signature + event({ type: 'content_block_start', index, content_block: block });
      }
      case 'tool_arguments': {
        const index = this.#calls.get(input.call);
        if (index === undefined) return begin;
        const delta = { type: 'input_json_delta', partial_json: input.text };
        return begin + event({ type: 'content_block_delta', index, delta });
      }
      case 'finish':
        this.#reason = input.reason;
        this.#stopSequence = input.stopSequence ?? null;
        return begin + this.#closeOpen() + this.#closeCalls();
    }
  }

  end(): string {
    const delta = { stop_reason: writeFinish(this.#reason), stop_sequence: this.#stopSequence };
    return (
      this.#start('') +
      this.#closeOpen() +
      this.#closeCalls() +
      event({ type: 'message_delta', delta, usage: writeUsage(this.#usage) }) +
      event({ type: 'message_stop' })
    );
  }

  #start(id: string): string {
    if (this.#started) return '';
    this.#started = true;
    const message = {
      id: `msg_${id === '' ? this.#context.id : id}`,
      type: 'message',
      role: 'assistant',
      model: this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeUsage(this.#usage),
    };
    return event({ type: 'message_start', message }) + event({ type: 'ping' });
  }

  #think(input: Extract<NeutralEvent, { type: 'reasoning' }>): string {
    if (input.encrypted !== undefined) {
      return this.#closeOpen() + this.#closeCalls() + this.#alone({ type: 'redacted_thinking', data: unsealed(input.encrypted) });
    }
    // a signature ends a reasoning block: the next one is another block
    const before = this.#signed && this.#open?.kind === 'thinking' ? this.#closeOpen() : '';
    const opened = this.#into('thinking');
    const text = input.text === '' ? '' : this.#delta({ type: 'thinking_delta', thinking: input.text });
    if (input.signature === undefined) return before + opened + text;
    this.#signed = true;
    return before + opened + text + this.#delta({ type: 'signature_delta', signature: unsealed(input.signature) });
  }

  #into(kind: Open['kind']): string {
    if (this.#open?.kind === kind) return '';
    const closed = this.#closeOpen() + this.#closeCalls();
    const index = this.#blocks++;
    this.#open = { kind, index };
    this.#signed = false;
    const block =
      kind === 'text' ? { type: 'text', text: '', citations: null } : { type: 'thinking', thinking: '', signature: '' };
    return closed + event({ type: 'content_block_start', index, content_block: block });
  }

  #delta(delta: JsonObject): string {
    return event({ type: 'content_block_delta', index: this.#open?.index ?? 0, delta });
  }

  /** Writes a block that is complete at once. */
  #alone(block: JsonObject): string {
    const index = this.#blocks++;
    return event({ type: 'content_block_start', index, content_block: block }) + event({ type: 'content_block_stop', index });
  }

  #closeOpen(): string {
    if (this.#open === undefined) return '';
    const { index, kind } = this.#open;
    const unsigned = kind === 'thinking' && !this.#signed;
    const mark = unsigned ? this.#delta({ type: 'signature_delta', signature: UNSIGNED }) : '';
    this.#open = undefined;
    return mark + event({ type: 'content_block_stop', index });
  }

  #closeCalls(): string {
    const stops = [...this.#calls.values()].map((index) => event({ type: 'content_block_stop', index }));
    this.#calls.clear();
    return stops.join('');
  }
}
