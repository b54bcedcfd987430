import { CallIds } from './call-ids.ts';
import { JsonProgress } from './json-progress.ts';
import { finishWith, NO_ARGUMENTS } from './settled.ts';
import type { NeutralEvent } from './stream.ts';

type ChoiceEvent = Exclude<NeutralEvent, { type: 'start' | 'usage' }>;

/** Orders the events of one choice. */
class SerialChoice {
  readonly #choice: number;
  readonly #ids = new CallIds();
  #calls = 0;
  /** The call with incomplete arguments. */
  #open: { readonly call: number; readonly arguments: JsonProgress } | undefined;
  /** Calls with complete arguments. */
  readonly #closed = new Set<number>();
  /** Events that wait for the end of the open call. */
  #held: ChoiceEvent[] = [];
  heldLength = 0;

  constructor(choice: number) {
    this.#choice = choice;
  }

  take(event: ChoiceEvent, out: NeutralEvent[]): void {
    if (event.type === 'tool_arguments') this.#takeArguments(event, out);
    else if (event.type === 'finish') this.#finish(event, out);
    else if (this.#open === undefined || this.#open.arguments.complete) this.#begin(event, out);
    else this.#hold(event);
  }

  /** Releases the held events. @param complete whether the calls are complete: a call without arguments then gets `{}` */
  release(complete: boolean, out: NeutralEvent[]): void {
    for (;;) {
      this.#close(complete, out);
      if (this.#held.length === 0) return;
      this.#retake(out);
      // arguments of a call that never began would wait forever
      if (this.#open === undefined) this.#held = [];
    }
  }

  #begin(event: Exclude<ChoiceEvent, { type: 'finish' | 'tool_arguments' }>, out: NeutralEvent[]): void {
    this.#close(false, out);
    if (event.type !== 'tool_call') {
      out.push(event);
      return;
    }
    this.#calls++;
    this.#open = { call: event.call, arguments: new JsonProgress() };
    out.push({ ...event, id: this.#ids.of(event.id) });
  }

  #takeArguments(event: Extract<ChoiceEvent, { type: 'tool_arguments' }>, out: NeutralEvent[]): void {
    const open = this.#open;
    if (open?.call !== event.call) {
      // text after the end of a JSON object does not belong to it
      if (!this.#closed.has(event.call)) this.#hold(event);
      return;
    }
    open.arguments.add(event.text);
    out.push(event);
    if (!open.arguments.complete || this.#held.length === 0) return;
    this.#close(false, out);
    this.#retake(out);
  }

  #finish(event: Extract<ChoiceEvent, { type: 'finish' }>, out: NeutralEvent[]): void {
    this.release(true, out);
    out.push({ ...event, reason: finishWith(event.reason, this.#calls) });
  }

  #hold(event: ChoiceEvent): void {
    this.#held.push(event);
    if ('text' in event) this.heldLength += event.text.length;
  }

  #retake(out: NeutralEvent[]): void {
    const held = this.#held;
    this.#held = [];
    this.heldLength = 0;
    for (const event of held) this.take(event, out);
  }

  #close(complete: boolean, out: NeutralEvent[]): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#closed.add(open.call);
    const { call, arguments: text } = open;
    if (complete && !text.begun) out.push({ type: 'tool_arguments', choice: this.#choice, call, text: NO_ARGUMENTS });
  }
}

/**
 * Orders a stream's events so that each part is complete before the next begins. Dialects with content blocks require this.
 *
 * Events between two pieces of one call's arguments wait until the arguments are complete. Such an event is a parallel call, or
 * a newline or reasoning that a server's parser let through. No piece is lost. Text after complete arguments does not wait.
 */
export class SerialEvents {
  readonly #choices = new Map<number, SerialChoice>();

  /** Number of waiting characters. */
  get held(): number {
    let length = 0;
    for (const choice of this.#choices.values()) length += choice.heldLength;
    return length;
  }

  /** Processes an event and returns the events to write now. */
  next(event: NeutralEvent): NeutralEvent[] {
    if (event.type === 'start' || event.type === 'usage') return [event];
    let choice = this.#choices.get(event.choice);
    if (choice === undefined) {
      choice = new SerialChoice(event.choice);
      this.#choices.set(event.choice, choice);
    }
    const out: NeutralEvent[] = [];
    choice.take(event, out);
    return out;
  }

  /** Returns the held events at the end of a stream. */
  rest(): NeutralEvent[] {
    const out: NeutralEvent[] = [];
    for (const choice of this.#choices.values()) choice.release(false, out);
    return out;
  }
}
