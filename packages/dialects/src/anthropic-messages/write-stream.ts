import type { Usage } from '@sluice/core';
import type { EventWriter, ReplyContext } from '../dialect.ts';
import { imageText } from '../neutral/image-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { FinishReason } from '../neutral/reply.ts';
import { UNSIGNED, unsealOwn } from '../neutral/sealed.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { writeCitations } from './write-reply.ts';

const unsealed = (sealed: string): string => unsealOwn('anthropic-messages', sealed);

const event = (data: JsonObject & { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** Which block a delta belongs to. Each block is closed before the next begins. */
type Open = { readonly kind: 'text' | 'thinking'; readonly index: number };

/** This wire has one choice; what others say is left out. */
export class AnthropicEventWriter implements EventWriter {
  readonly #context: ReplyContext;
  #started = false;
  #blocks = 0;
  #open: Open | undefined;
  #signed = false;
  /** The block of each tool call that is still open. */
  readonly #calls = new Map<number, number>();
  #usage: Usage = { inputTokens: 0, outputTokens: 0 };
  #reason: FinishReason = 'stop';
  #stopSequence: string | null = null;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  write(said: NeutralEvent): string {
    if (said.type === 'start') {
      if (said.usage !== undefined) this.#usage = said.usage;
      return this.#start(said.id);
    }
    if (said.type === 'usage') {
      this.#usage = said.usage;
      return '';
    }
    if (said.choice !== 0) return '';
    const begin = this.#start('');
    switch (said.type) {
      case 'text': {
        if (said.text === '' && said.citations === undefined) return begin;
        const opened = this.#into('text');
        const text = said.text === '' ? '' : this.#delta({ type: 'text_delta', text: said.text });
        const citations = writeCitations(said.citations ?? []).map((citation) =>
          this.#delta({ type: 'citations_delta', citation }),
        );
        return begin + opened + text + citations.join('');
      }
      case 'refusal':
        return begin + this.#into('text') + this.#delta({ type: 'text_delta', text: said.text });
      // callers of this dialect cannot ask for audio
      case 'audio':
        return begin;
      case 'image':
        return begin + this.#into('text') + this.#delta({ type: 'text_delta', text: imageText(said.source) });
      case 'reasoning':
        return begin + this.#think(said);
      case 'tool_call': {
        const closed = this.#closeOpen() + this.#closeCalls();
        const signature =
          said.signature === undefined ? '' : this.#alone({ type: 'redacted_thinking', data: unsealed(said.signature) });
        const index = this.#blocks++;
        this.#calls.set(said.call, index);
        const block = { type: 'tool_use', id: said.id, name: said.name, input: {} };
        return begin + closed + signature + event({ type: 'content_block_start', index, content_block: block });
      }
      case 'tool_arguments': {
        const index = this.#calls.get(said.call);
        if (index === undefined) return begin;
        const delta = { type: 'input_json_delta', partial_json: said.text };
        return begin + event({ type: 'content_block_delta', index, delta });
      }
      case 'finish':
        this.#reason = said.reason;
        this.#stopSequence = said.stopSequence ?? null;
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

  #think(said: Extract<NeutralEvent, { type: 'reasoning' }>): string {
    if (said.encrypted !== undefined) {
      return this.#closeOpen() + this.#closeCalls() + this.#alone({ type: 'redacted_thinking', data: unsealed(said.encrypted) });
    }
    // a signature ends a thought: the next one is another block
    const before = this.#signed && this.#open?.kind === 'thinking' ? this.#closeOpen() : '';
    const opened = this.#into('thinking');
    const text = said.text === '' ? '' : this.#delta({ type: 'thinking_delta', thinking: said.text });
    if (said.signature === undefined) return before + opened + text;
    this.#signed = true;
    return before + opened + text + this.#delta({ type: 'signature_delta', signature: unsealed(said.signature) });
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

  /** A block that comes in one piece. */
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
