import type { Usage } from '@sluice/core';
import type { EventWriter, ReplyContext } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { FinishReason } from '../neutral/reply.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeAnnotations } from './annotations.ts';
import { OpenCall } from './open-call.ts';
import {
  at,
  type Closing,
  closing,
  type ItemPosition,
  type Open,
  type OpenReasoning,
  type OpenRefusal,
  type OpenText,
} from './open-items.ts';
import { imageItem, messageItem, prefixOf, reasoningItem, refusalPart, textPart, writeLogprobs } from './write-items.ts';
import { responseOf } from './write-reply.ts';

/**
 * Writes the numbered events of a response. Each item is closed before the next begins. This format has one choice; other
 * choices are omitted. The last event repeats the whole output, which is therefore kept.
 */
export class ResponsesEventWriter implements EventWriter {
  readonly #context: ReplyContext;
  readonly #output: JsonObject[] = [];
  readonly #calls = new Map<number, OpenCall>();
  #open: Open | undefined;
  #started = false;
  #sequence = 0;
  #id: string;
  #createdS: number;
  #usage: Usage | undefined;
  #finish: FinishReason = 'stop';

  constructor(context: ReplyContext) {
    this.#context = context;
    this.#id = context.id;
    this.#createdS = context.createdS;
  }

  write(input: NeutralEvent): string {
    if (input.type === 'start') {
      if (input.id !== '') this.#id = input.id;
      this.#createdS = input.createdS ?? this.#createdS;
      this.#usage = input.usage;
      return this.#start();
    }
    if (input.type === 'usage') {
      this.#usage = input.usage;
      return '';
    }
    if (input.choice !== 0) return '';
    const begin = this.#start();
    switch (input.type) {
      case 'text':
        return begin + this.#text(input);
      case 'refusal': {
        const opened = this.#openRefusal();
        const open = this.#open as OpenRefusal;
        open.text += input.text;
        return begin + opened + this.#event('response.refusal.delta', { ...at(open), content_index: 0, delta: input.text });
      }
      // responses in this dialect cannot contain audio
      case 'audio':
        return begin;
      case 'image': {
        const closed = this.#closeAll();
        const position = this.#position('ig');
        return begin + closed + this.#alone(position, imageItem(position.id, input.source));
      }
      case 'reasoning':
        return begin + this.#think(input);
      case 'tool_call':
        return begin + this.#call(input);
      case 'tool_arguments': {
        const event = this.#calls.get(input.call)?.add(input.text);
        return event === undefined ? begin : begin + this.#event(...event);
      }
      case 'finish':
        this.#finish = input.reason;
        return begin + this.#closeAll();
    }
  }

  end(): string {
    const closed = this.#start() + this.#closeAll();
    const response = this.#response(this.#finish);
    return closed + this.#event(response['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed', { response });
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    const response = this.#response(undefined);
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  #response(finish: FinishReason | undefined): JsonObject {
    const usage = finish === undefined ? undefined : this.#usage;
    return responseOf({
      id: this.#id,
      createdS: this.#createdS,
      model: this.#context.model,
      output: finish === undefined ? [] : this.#output,
      finish,
      usage,
    });
  }

  #text({ text, citations, logprobs }: Extract<NeutralEvent, { type: 'text' }>): string {
    if (text === '' && citations === undefined && logprobs === undefined) return '';
    const opened = this.#openText();
    const open = this.#open as OpenText;
    let written = opened;
    if (text !== '' || logprobs !== undefined) {
      open.text += text;
      open.logprobs.push(...(logprobs ?? []));
      const delta = { ...at(open), content_index: 0, delta: text, logprobs: writeLogprobs(logprobs ?? []) };
      written += this.#event('response.output_text.delta', delta);
    }
    for (const citation of citations ?? []) {
      const [annotation] = writeAnnotations([citation]);
      if (annotation === undefined) continue;
      const annotation_index = open.citations.length;
      open.citations.push(citation);
      const more = { ...at(open), content_index: 0, annotation_index, annotation };
      written += this.#event('response.output_text.annotation.added', more);
    }
    return written;
  }

  #think({ text, signature, encrypted }: Extract<NeutralEvent, { type: 'reasoning' }>): string {
    if (encrypted !== undefined) {
      const closed = this.#closeAll();
      const position = this.#position('rs');
      return closed + this.#alone(position, reasoningItem(position.id, { type: 'reasoning', text, encrypted }));
    }
    // a signature ends a reasoning block: the next one is another item
    const before = this.#open?.kind === 'reasoning' && this.#open.signature !== undefined ? this.#closeAll() : '';
    const opened = this.#openReasoning();
    const open = this.#open as OpenReasoning;
    if (signature !== undefined) open.signature = signature;
    if (text === '') return before + opened;
    open.text += text;
    const delta = { ...at(open), summary_index: 0, delta: text };
    return before + opened + this.#event('response.reasoning_summary_text.delta', delta);
  }

  #call({ call: n, signature, choice: _choice, ...call }: Extract<NeutralEvent, { type: 'tool_call' }>): string {
    const closed = this.#closeAll();
    const signed = signature === undefined ? '' : this.#sign(signature);
    const open = new OpenCall(this.#position(prefixOf(call)), { ...call, arguments: '' });
    this.#calls.set(n, open);
    return closed + signed + this.#added(open.position, open.begun());
  }

  /** Writes a signature as a separate item, the only possible carrier of what another provider requires with the call. */
  #sign(signature: string): string {
    const position = this.#position('rs');
    return this.#alone(position, reasoningItem(position.id, { type: 'reasoning', text: '', encrypted: signature }));
  }

  #openText(): string {
    if (this.#open?.kind === 'text') return '';
    const closed = this.#closeAll();
    const position = this.#position('msg');
    this.#open = { ...position, kind: 'text', text: '', citations: [], logprobs: [] };
    return closed + this.#openMessage(position, textPart('', [], []));
  }

  #openRefusal(): string {
    if (this.#open?.kind === 'refusal') return '';
    const closed = this.#closeAll();
    const position = this.#position('msg');
    this.#open = { ...position, kind: 'refusal', text: '' };
    return closed + this.#openMessage(position, refusalPart(''));
  }

  #openMessage(position: ItemPosition, part: JsonObject): string {
    const added = this.#added(position, messageItem(position.id, 'in_progress', []));
    return added + this.#event('response.content_part.added', { ...at(position), content_index: 0, part });
  }

  #openReasoning(): string {
    if (this.#open?.kind === 'reasoning') return '';
    const closed = this.#closeAll();
    const position = this.#position('rs');
    this.#open = { ...position, kind: 'reasoning', text: '', signature: undefined };
    const added = this.#added(position, reasoningItem(position.id, { type: 'reasoning', text: '' }));
    const part = { type: 'summary_text', text: '' };
    return closed + added + this.#event('response.reasoning_summary_part.added', { ...at(position), summary_index: 0, part });
  }

  #closeAll(): string {
    let written = this.#closeOpen();
    for (const open of this.#calls.values()) written += this.#close(open.position, open.close());
    this.#calls.clear();
    return written;
  }

  #closeOpen(): string {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? '' : this.#close(open, closing(open));
  }

  #close(position: ItemPosition, { events, item }: Closing): string {
    return events.map(([type, more]) => this.#event(type, more)).join('') + this.#done(position, item);
  }

  /** Writes an item that is complete at once. */
  #alone(position: ItemPosition, item: JsonObject): string {
    return this.#added(position, item) + this.#done(position, item);
  }

  #position(prefix: string): ItemPosition {
    const index = this.#output.length;
    // the index is reserved before the item is complete
    this.#output.push({});
    return { index, id: `${prefix}_${this.#id}_${index}` };
  }

  #added({ index }: ItemPosition, item: JsonObject): string {
    return this.#event('response.output_item.added', { output_index: index, item });
  }

  #done({ index }: ItemPosition, item: JsonObject): string {
    this.#output[index] = item;
    return this.#event('response.output_item.done', { output_index: index, item });
  }

  #event(type: string, more: JsonObject): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...more })}\n\n`;
  }
}
