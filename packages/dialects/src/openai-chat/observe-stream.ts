import type { LlmError, StreamOutcome, Usage } from '@sluice/core';
import type { StreamObserver } from '../dialect.ts';
import { finishReason, isFailedFinish } from '../failures/reported-error.ts';
import { dataOf, joined, SseEvents } from '../framing/sse-events.ts';
import { errorInStream, outcomeOf } from '../stream-ends.ts';
import { reportsFailure } from './answer-state.ts';
import { readUsage } from './usage.ts';

const NOTHING = Buffer.alloc(0);
const DATA = Buffer.from('data:');
const DONE = Buffer.from('data: [DONE]\n\n');
const USAGE = Buffer.from('"usage"');
const FINISH_REASON = Buffer.from('"finish_reason"');
const ERROR = Buffer.from('"error"');
const CHOICES = Buffer.from('"choices"');
const LETTER_N = 0x6e;
const SPACE = 0x20;
const COLON = 0x3a;
const QUOTE = 0x22;
const BRACE = 0x7b;
/** Keys of content: text, tool arguments, reasoning in the formats of several providers, and the text of a completion. */
const CONTENTS = ['"content"', '"arguments"', '"reasoning_content"', '"reasoning"', '"text"', '"refusal"'].map((key) =>
  Buffer.from(key),
);

/** Returns the offset of the next non-null value of a `key`, or -1. Quotes in a text are escaped, so a text never matches. */
function valueAt(event: Buffer, key: Buffer, from = 0): number {
  for (let at = event.indexOf(key, from); at !== -1; at = event.indexOf(key, at)) {
    at += key.length;
    while (event[at] === SPACE || event[at] === COLON) at++;
    if (event[at] !== LETTER_N) return at;
  }
  return -1;
}

/** Returns the first finish reason of an event; empty if no choice ends with it. */
function finishOf(event: Buffer): string {
  for (let at = valueAt(event, FINISH_REASON); at !== -1; at = valueAt(event, FINISH_REASON, at)) {
    if (event[at] !== QUOTE) continue;
    const end = event.indexOf(QUOTE, at + 1);
    const reason = finishReason(event.toString('latin1', at + 1, end));
    if (reason !== undefined) return reason;
  }
  return '';
}

/** Returns whether `key` has a non-empty text in this event. */
function hasText(event: Buffer, key: Buffer): boolean {
  let at = event.indexOf(key);
  if (at === -1) return false;
  at += key.length;
  while (event[at] === SPACE || event[at] === COLON) at++;
  return event[at] === QUOTE && event[at + 1] !== QUOTE;
}

function parse(event: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(dataOf(event));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * Observes a stream in OpenAI's dialect while its bytes are forwarded: usage, completion, and errors after the beginning. An
 * event is parsed only if a cheap search shows that it contains one of these.
 */
export class OpenAiStreamObserver implements StreamObserver {
  readonly #events = new SseEvents();
  readonly #hideUsage: boolean;
  #usage: Usage | undefined;
  #finished = false;
  #done = false;
  #generated = 0;
  #error: LlmError | undefined;

  /** @param hideUsage removes the usage event that the gateway requested and the client did not */
  constructor(hideUsage: boolean) {
    this.#hideUsage = hideUsage;
  }

  /** Returns the bytes to forward: the chunk itself or, if usage is hidden, its complete events without the usage event. */
  read(chunk: Buffer): Buffer {
    const failed = this.#error !== undefined;
    const events = this.#events.feed(chunk);
    const shown: Buffer[] = [];
    for (const event of events) {
      const whole = this.#error === undefined;
      // a response ends with its error: a `[DONE]` after it would make the truncated response look complete
      if (!this.#inspect(event) && whole) shown.push(event);
    }
    if (failed) return NOTHING;
    return this.#hideUsage || this.#error !== undefined ? joined(shown) : chunk;
  }

  /** Returns the remaining bytes to forward after the end of the upstream. */
  rest(): Buffer {
    const rest = this.#events.flush();
    // a truncated event is ignored, even if its beginning is readable
    const whole = rest.length > 0 && (dataOf(rest) === '[DONE]' || Object.keys(parse(rest)).length > 0);
    const hide = whole && this.#inspect(rest);
    const shown = this.#hideUsage && whole && !hide ? rest : NOTHING;
    // clients wait for the end marker, which some providers forget
    return this.#finished && !this.#done && this.#error === undefined ? Buffer.concat([shown, DONE]) : shown;
  }

  /** Returns how the stream ended. An end without a finish reason is a truncation, however clean it looks. */
  outcome(): StreamOutcome {
    return outcomeOf(this.#finished, this.#error, this.#usage);
  }

  /** Returns the usage reported so far, for an abandoned stream. */
  usage(): Usage | undefined {
    return this.#usage;
  }

  generated(): number {
    return this.#generated;
  }

  reportedError(): LlmError | undefined {
    return this.#error;
  }

  unfinished(): number {
    return this.#events.unfinished;
  }

  /** Processes one event; returns true for a usage event without other content. */
  #inspect(event: Buffer): boolean {
    if (event.indexOf(DATA) === -1 && event[0] !== BRACE) return false;
    if (event.length < 24 && dataOf(event) === '[DONE]') {
      this.#finished = true;
      this.#done = true;
      return false;
    }
    if (CONTENTS.some((key) => hasText(event, key))) this.#generated++;
    const reason = finishOf(event);
    if (reason !== '') this.#finished = true;
    if (isFailedFinish(reason) || valueAt(event, ERROR) !== -1 || valueAt(event, CHOICES) === -1) {
      const value = parse(event);
      if (reportsFailure(value)) this.#error ??= errorInStream(value);
    }
    if (valueAt(event, USAGE) === -1) return false;
    const value = parse(event);
    this.#usage = readUsage(value['usage'], true, value['service_tier']) ?? this.#usage;
    return Array.isArray(value['choices']) && value['choices'].length === 0 && value['usage'] != null;
  }
}
