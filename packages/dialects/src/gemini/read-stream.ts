import type { LlmError } from '@sluice/core';
import type { EventReader } from '../dialect.ts';
import { finishReason } from '../failures/reported-error.ts';
import { asList, asNumber, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { errorInStream } from '../stream-ends.ts';
import { isUnreadable, reportsFailure } from './answer-state.ts';
import { makeCallId } from './call-id.ts';
import { readCitations } from './citations.ts';
import { field } from './fields.ts';
import { readFinish } from './finish.ts';
import { PartialArgs } from './partial-args.ts';
import { readCall, readMedia, readText } from './read-parts.ts';
import { blockText, readLogprobs } from './read-reply.ts';
import { readUsage } from './usage.ts';

/** State of a candidate during the stream. */
interface Candidate {
  calls: number;
  text: string;
  /** Whether unsigned reasoning has arrived, which may still be signed. */
  thinks: boolean;
  /** The call with arguments that arrive in pieces. */
  open: { readonly call: number; readonly args: PartialArgs } | undefined;
}

/**
 * Source: Google's API reference, "streamGenerateContent": each event is a piece of a response, in the format of a whole one.
 */
export class GeminiEventReader implements EventReader {
  error: LlmError | undefined;
  finished = false;
  #started = false;
  #id = '';
  readonly #candidates = new Map<number, Candidate>();

  read(data: JsonObject): NeutralEvent[] {
    const events: NeutralEvent[] = [];
    if (reportsFailure(data) || (isUnreadable(data) && !this.#hasContent())) {
      this.error = errorInStream(data);
      return events;
    }
    if (!this.#started) {
      this.#started = true;
      this.#id = asString(field(data, 'responseId')) ?? '';
      events.push({ type: 'start', id: this.#id, model: asString(field(data, 'modelVersion')) ?? '' });
    }
    for (const candidate of asList(data['candidates'])) this.#readCandidate(candidate, events);
    const blocked = blockText(field(data, 'promptFeedback'));
    if (blocked !== undefined) {
      this.finished = true;
      events.push({ type: 'refusal', choice: 0, text: blocked }, { type: 'finish', choice: 0, reason: 'refusal' });
    }
    const usage = readUsage(field(data, 'usageMetadata'));
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }

  /** Whether any candidate has content. */
  #hasContent(): boolean {
    return [...this.#candidates.values()].some(({ calls, text }) => calls > 0 || text !== '');
  }

  #readCandidate(value: Json, events: NeutralEvent[]): void {
    const choice = asNumber(member(value, 'index')) ?? 0;
    const candidate = this.#candidates.get(choice) ?? { calls: 0, text: '', thinks: false, open: undefined };
    this.#candidates.set(choice, candidate);
    let logprobs = readLogprobs(field(value, 'logprobsResult'));
    for (const part of asList(member(member(value, 'content'), 'parts'))) {
      if (!isObject(part)) continue;
      const call = field(part, 'functionCall');
      if (isObject(call)) {
        this.#readCall(choice, candidate, call, part, events);
        continue;
      }
      const media = readMedia(part);
      if (media?.type === 'image' || media?.type === 'audio') {
        this.#closeCall(choice, candidate, events);
        events.push({ type: media.type, choice, source: media.source });
      }
      for (const event of readText(part)) {
        this.#closeCall(choice, candidate, events);
        if (event.type === 'reasoning') {
          const { encrypted } = event;
          // a separate signature belongs to the reasoning before it
          const signs = encrypted !== undefined && candidate.thinks && part['thought'] === true;
          events.push(signs ? { type: 'reasoning', choice, text: '', signature: encrypted } : { ...event, choice });
          candidate.thinks = encrypted === undefined && event.signature === undefined;
        } else if (event.type === 'text') {
          candidate.thinks = false;
          candidate.text += event.text;
          events.push({ type: 'text', choice, text: event.text, logprobs });
          logprobs = undefined;
        }
      }
    }
    if (logprobs !== undefined) events.push({ type: 'text', choice, text: '', logprobs });
    const citations = readCitations(value, candidate.text);
    if (citations.length > 0) events.push({ type: 'text', choice, text: '', citations });
    const reason = finishReason(field(value, 'finishReason'));
    if (reason === undefined) return;
    this.#closeCall(choice, candidate, events);
    this.finished = true;
    events.push({ type: 'finish', choice, reason: readFinish(reason, candidate.calls > 0) });
  }

  /**
   * Reads a call. It arrives whole, or its name first and then its arguments in pieces, until a piece does not announce another
   * one.
   */
  #readCall(choice: number, candidate: Candidate, call: JsonObject, part: JsonObject, events: NeutralEvent[]): void {
    const goesOn = field(call, 'willContinue') === true;
    const pieces = field(call, 'partialArgs');
    if (asString(call['name']) !== undefined) {
      this.#closeCall(choice, candidate, events);
      const n = candidate.calls++;
      const { id, name, arguments: text, signature } = readCall(call, part, makeCallId(this.#id, n));
      events.push({ type: 'tool_call', choice, call: n, id, name, signature });
      if (!goesOn && pieces === undefined) {
        events.push({ type: 'tool_arguments', choice, call: n, text });
        return;
      }
      candidate.open = { call: n, args: new PartialArgs() };
    }
    const { open } = candidate;
    if (open === undefined) return;
    const text = open.args.add(pieces);
    if (text !== '') events.push({ type: 'tool_arguments', choice, call: open.call, text });
    if (!goesOn) this.#closeCall(choice, candidate, events);
  }

  #closeCall(choice: number, candidate: Candidate, events: NeutralEvent[]): void {
    const { open } = candidate;
    if (open === undefined) return;
    candidate.open = undefined;
    events.push({ type: 'tool_arguments', choice, call: open.call, text: open.args.end() });
  }
}
