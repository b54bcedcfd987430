import { defined, type Usage } from '@sluice/core';
import type { EventWriter, ReplyContext } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { FinishReason } from '../neutral/reply.ts';
import type { Citation, ToolCall } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { writeGrounding } from './citations.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import { writeCall, writeImage, writeLogprobs, writeThought } from './write-parts.ts';

interface Candidate {
  /** Calls that are not written yet: this format needs whole calls. */
  readonly calls: Map<number, ToolCall>;
  readonly citations: Citation[];
  text: string;
  finish: FinishReason | undefined;
}

/**
 * Writes pieces of a response, as server-sent events or as elements of one array. Each piece is written at once. The last piece
 * contains the finish reason and the usage. If the response ends with calls, the last piece also contains the calls: SDKs keep
 * each piece as a turn, so a later piece would separate the calls from their results. Otherwise the last piece has an empty
 * text, as Gemini's own does. Without content, SDKs drop the turn (@google/genai, `isValidContent`).
 */
export class GeminiEventWriter implements EventWriter {
  readonly #context: ReplyContext;
  readonly #candidates = new Map<number, Candidate>();
  #begun = false;
  #id: string;
  #createTime: string;
  #usage: Usage | undefined;
  /** The calls that end a candidate. */
  readonly #last = new Map<number, readonly JsonObject[]>();

  constructor(context: ReplyContext) {
    this.#context = context;
    this.#id = context.id;
    this.#createTime = new Date(context.createdS * 1_000).toISOString();
  }

  write(event: NeutralEvent): string {
    if (event.type === 'start') {
      if (event.id !== '') this.#id = event.id;
      if (event.createdS !== undefined) this.#createTime = new Date(event.createdS * 1_000).toISOString();
      this.#usage = event.usage;
      return '';
    }
    if (event.type === 'usage') {
      this.#usage = event.usage;
      return '';
    }
    const { choice } = event;
    const candidate = this.#candidateOf(choice);
    switch (event.type) {
      case 'text': {
        candidate.text += event.text;
        candidate.citations.push(...(event.citations ?? []));
        if (event.text === '' && event.logprobs === undefined) return '';
        const more = event.logprobs === undefined ? {} : { logprobsResult: writeLogprobs(event.logprobs) };
        return this.#flushCalls(choice) + this.#piece(choice, [{ text: event.text }], more);
      }
      case 'image':
      case 'audio':
        return this.#flushCalls(choice) + this.#piece(choice, [writeImage(event.source)]);
      case 'refusal':
        return this.#flushCalls(choice) + this.#piece(choice, [{ text: event.text }]);
      case 'reasoning':
        return this.#flushCalls(choice) + this.#piece(choice, [writeThought(event.text, event.signature ?? event.encrypted)]);
      case 'tool_call': {
        const { id, name, signature } = event;
        const call = { type: 'tool_call' as const, id, name, arguments: '', signature };
        candidate.calls.set(event.call, call);
        return '';
      }
      case 'tool_arguments': {
        const call = candidate.calls.get(event.call);
        if (call !== undefined) candidate.calls.set(event.call, { ...call, arguments: call.arguments + event.text });
        return '';
      }
      case 'finish':
        return this.#finish(choice, event.reason);
    }
  }

  end(): string {
    const candidates = [...this.#candidates].map(([index, { finish, text, citations }]) => {
      const calls = this.#last.get(index) ?? [];
      return defined({
        content: { role: 'model', parts: calls.length > 0 ? calls : [{ text: '' }] },
        finishReason: writeFinish(finish ?? 'stop'),
        index,
        groundingMetadata: writeGrounding(citations, text),
      });
    });
    const usage = this.#usage === undefined ? {} : { usageMetadata: writeUsage(this.#usage) };
    return this.#event({ candidates, ...usage }) + (this.#context.framing === 'json-array' ? ']' : '');
  }

  flush(): string {
    return [...this.#last.keys()].map((index) => this.#flushLast(index)).join('');
  }

  /** Keeps the calls for the last piece. A provider may report a finish several times and continue in between. */
  #finish(index: number, reason: FinishReason): string {
    const before = this.#flushLast(index);
    this.#candidateOf(index).finish = reason;
    this.#last.set(index, this.#takeCalls(index));
    return before;
  }

  #flushLast(index: number): string {
    const parts = this.#last.get(index) ?? [];
    this.#last.delete(index);
    return parts.length === 0 ? '' : this.#piece(index, parts);
  }

  #candidateOf(index: number): Candidate {
    const known = this.#candidates.get(index);
    if (known !== undefined) return known;
    const candidate = { calls: new Map(), citations: [], text: '', finish: undefined };
    this.#candidates.set(index, candidate);
    return candidate;
  }

  /**
   * Writes the calls of one turn in one piece: a client returns each piece as a turn, and Gemini requires the results of a
   * turn's calls in the next one.
   */
  #flushCalls(index: number): string {
    const before = this.#flushLast(index);
    const parts = this.#takeCalls(index);
    return parts.length === 0 ? before : before + this.#piece(index, parts);
  }

  #takeCalls(index: number): JsonObject[] {
    const { calls } = this.#candidateOf(index);
    const parts = [...calls.values()].map((call) => writeCall(call, 'shown'));
    calls.clear();
    return parts;
  }

  #piece(index: number, parts: readonly JsonObject[], more: JsonObject = {}): string {
    return this.#flushLast(index) + this.#event({ candidates: [{ content: { role: 'model', parts }, index, ...more }] });
  }

  #event(body: JsonObject): string {
    const { model, framing } = this.#context;
    const data = JSON.stringify({ ...body, modelVersion: model, createTime: this.#createTime, responseId: this.#id });
    const first = !this.#begun;
    this.#begun = true;
    if (framing === 'json-array') return `${first ? '[' : ',\r\n'}${data}`;
    return `data: ${data}\n\n`;
  }
}
