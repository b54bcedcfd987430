import { defined, type Usage } from '@sluice/core';
import type { EventWriter, ReplyContext } from '../dialect.ts';
import { FreeTextReader } from '../neutral/free-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { audioId, writeAnnotations, writeImage, writeLogprobs, writeToolCall } from './write-parts.ts';

const keyOf = ({ choice, call }: { readonly choice: number; readonly call: number }): string => `${choice}:${call}`;

export class OpenAiEventWriter implements EventWriter {
  readonly #context: ReplyContext;
  #head: JsonObject;
  #usage: Usage | undefined;
  /** Choices with a written first chunk, which contains the role. */
  readonly #begun = new Set<number>();
  /** Free texts of custom calls. */
  readonly #texts = new Map<string, FreeTextReader>();

  constructor(context: ReplyContext) {
    this.#context = context;
    this.#head = this.#headOf('', undefined);
  }

  write(event: NeutralEvent): string {
    switch (event.type) {
      case 'start':
        this.#head = this.#headOf(event.id, event.createdS);
        this.#usage = event.usage;
        return this.#begin(0);
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'text':
        return this.#delta(
          event.choice,
          defined({
            content: event.text,
            annotations: event.citations === undefined ? undefined : writeAnnotations(event.citations),
          }),
          event.logprobs === undefined ? {} : { logprobs: { content: writeLogprobs(event.logprobs), refusal: null } },
        );
      case 'refusal':
        return this.#delta(event.choice, { refusal: event.text });
      case 'image':
        return this.#delta(event.choice, { images: [writeImage(event.source, 0)] });
      // OpenAI's streams contain raw samples
      case 'audio': {
        const data = event.source.kind === 'base64' ? event.source.data : '';
        return this.#delta(event.choice, { audio: { id: audioId(this.#context), data } });
      }
      case 'reasoning': {
        const { text, signature, encrypted } = event;
        const detail =
          encrypted !== undefined
            ? { type: 'reasoning.encrypted', data: encrypted }
            : signature === undefined
              ? undefined
              : { type: 'reasoning.text', text: '', signature };
        return this.#delta(
          event.choice,
          defined({
            reasoning_content: text === '' ? undefined : text,
            reasoning_details: detail === undefined ? undefined : [detail],
          }),
        );
      }
      case 'tool_call': {
        const { choice, call: index, ...call } = event;
        if (event.form === 'custom') this.#texts.set(keyOf(event), new FreeTextReader());
        return this.#delta(choice, { tool_calls: [{ index, ...writeToolCall({ ...call, arguments: '' }) }] });
      }
      case 'tool_arguments': {
        const text = this.#texts.get(keyOf(event));
        if (text !== undefined) return this.#input(event.choice, event.call, text.read(event.text));
        return this.#delta(event.choice, { tool_calls: [{ index: event.call, function: { arguments: event.text } }] });
      }
      case 'finish':
        return this.#endTexts(event.choice) + this.#delta(event.choice, {}, { finish_reason: writeFinish(event.reason) });
    }
  }

  end(): string {
    const usage =
      this.#context.streamUsage && this.#usage !== undefined
        ? `data: ${JSON.stringify({ ...this.#head, choices: [], usage: writeUsage(this.#usage) })}\n\n`
        : '';
    return `${usage}data: [DONE]\n\n`;
  }

  #input(choice: number, index: number, input: string): string {
    return input === '' ? '' : this.#delta(choice, { tool_calls: [{ index, custom: { input } }] });
  }

  /** Writes the held-back free texts of a choice. */
  #endTexts(choice: number): string {
    let written = '';
    for (const [key, text] of this.#texts) {
      const [of, call] = key.split(':').map(Number);
      if (of === choice) written += this.#input(choice, call ?? 0, text.end());
    }
    return written;
  }

  #headOf(id: string, createdS: number | undefined): JsonObject {
    const { id: own, createdS: now, model } = this.#context;
    return { id: `chatcmpl-${id === '' ? own : id}`, object: 'chat.completion.chunk', created: createdS ?? now, model };
  }

  #begin(index: number): string {
    if (this.#begun.has(index)) return '';
    this.#begun.add(index);
    return this.#chunk(index, { role: 'assistant', content: '' }, {});
  }

  #delta(index: number, delta: JsonObject, more: JsonObject = {}): string {
    return this.#begin(index) + this.#chunk(index, delta, more);
  }

  #chunk(index: number, delta: JsonObject, more: JsonObject): string {
    const choice = { index, delta, logprobs: null, finish_reason: null, ...more };
    return `data: ${JSON.stringify({ ...this.#head, choices: [choice] })}\n\n`;
  }
}
