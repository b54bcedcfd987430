import { offeredName } from './offered-name.ts';
import type { Choice, NeutralReply } from './reply.ts';
import type { Part, ToolForm } from './request.ts';
import { StopCutter } from './stop-cutter.ts';
import type { NeutralEvent } from './stream.ts';

/** Changes of a request for its model that affect the reply. */
export interface RequestChanges {
  /** The client's tool names, by the names sent to the model. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** Stop sequences that were not sent to the model. */
  readonly stop: readonly string[];
  /** Tool names that were sent to the model. */
  readonly offered?: ReadonlySet<string>;
  /** Tools that were sent to the model as functions, by the client's names. */
  readonly toolForms?: ReadonlyMap<string, ToolForm>;
}

type ChoiceEvent = Exclude<NeutralEvent, { type: 'start' | 'usage' }>;

/**
 * Restores in a reply what its request lost on the way to the model: the client's names and forms of tools, and an end at its
 * stop sequences.
 */
export class ReplyRestorer {
  readonly #changes: RequestChanges;
  /** Stop cutters by choice. */
  readonly #cutters = new Map<number, StopCutter>();

  constructor(changes: RequestChanges) {
    this.#changes = changes;
  }

  reply(reply: NeutralReply): NeutralReply {
    return { ...reply, choices: reply.choices.map((choice) => this.#choice(choice)) };
  }

  /** Returns the events that replace one event of a stream. */
  event(event: NeutralEvent): readonly NeutralEvent[] {
    if (event.type === 'start' || event.type === 'usage') return [event];
    const named = event.type === 'tool_call' ? this.#asOffered(event) : event;
    return this.#changes.stop.length === 0 ? [named] : this.#cut(named);
  }

  #asOffered<T extends { readonly name: string; readonly form?: ToolForm | undefined }>(call: T): T {
    const { toolNames, toolForms, offered } = this.#changes;
    const known = offered === undefined ? call.name : offeredName(call.name, offered);
    const name = toolNames.get(known) ?? known;
    const form = toolForms?.get(name);
    return form === undefined ? { ...call, name } : { ...call, name, form };
  }

  #cut(event: ChoiceEvent): readonly NeutralEvent[] {
    const cutter = this.#cutters.get(event.choice) ?? new StopCutter(this.#changes.stop);
    this.#cutters.set(event.choice, cutter);
    if (event.type === 'finish') {
      if (cutter.met !== undefined) return [{ ...event, reason: 'stop_sequence', stopSequence: cutter.met }];
      return [...this.#flush(event.choice, cutter), event];
    }
    if (cutter.met !== undefined) return [];
    if (event.type !== 'text') return [...this.#flush(event.choice, cutter), event];
    return [{ ...event, text: cutter.push(event.text) }];
  }

  #flush(choice: number, cutter: StopCutter): NeutralEvent[] {
    const text = cutter.flush();
    return text === '' ? [] : [{ type: 'text', choice, text }];
  }

  #choice(choice: Choice): Choice {
    const parts = choice.parts.map((part) => (part.type === 'tool_call' ? this.#asOffered(part) : part));
    const cutter = new StopCutter(this.#changes.stop);
    const cut: Part[] = [];
    for (const part of parts) {
      // a text ends with the part that follows it
      if (part.type !== 'text') append(cut, cutter.flush());
      if (cutter.met !== undefined) break;
      cut.push(part.type === 'text' ? { ...part, text: cutter.push(part.text) } : part);
    }
    append(cut, cutter.flush());
    const { met } = cutter;
    return { ...choice, parts: cut, ...(met === undefined ? {} : { finish: 'stop_sequence', stopSequence: met }) };
  }
}

/** Appends held-back text to the last text part. */
function append(parts: Part[], held: string): void {
  const last = parts.at(-1);
  if (held !== '' && last?.type === 'text') parts[parts.length - 1] = { ...last, text: last.text + held };
}
