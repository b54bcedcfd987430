import { TEXT_BEGIN, TEXT_END, textPiece } from '../neutral/free-text.ts';
import { JsonProgress } from '../neutral/json-progress.ts';
import { asNumber, asString, isObject, type Json, member } from '../neutral/read-json.ts';
import type { NeutralEvent } from '../neutral/stream.ts';
import { argumentsText } from './read-calls.ts';
import { readCallSignature } from './read-seals.ts';

interface Call {
  readonly n: number;
  readonly index: number | undefined;
  readonly custom: boolean;
  readonly arguments: JsonProgress;
  id: string | undefined;
  name: string;
  signature: string | undefined;
  /** Arguments that arrived before the name. */
  waiting: string;
  begun: boolean;
}

/** One entry of `tool_calls` in a chunk. */
interface Piece {
  readonly id: string | undefined;
  readonly index: number | undefined;
  readonly name: string | undefined;
  readonly text: string;
  readonly custom: boolean;
  readonly signature: string | undefined;
}

/**
 * Assembles the tool calls of one choice from their pieces. Servers differ: no index (Gemini's compatible API, older Ollama),
 * the same index for all calls, no id, an id or a name with each piece, or a name in a later piece than the id.
 */
export class StreamCalls {
  readonly #choice: number;
  readonly #calls: Call[] = [];
  #seen = 0;

  constructor(choice: number) {
    this.#choice = choice;
  }

  /** Whether the choice has any call. */
  get any(): boolean {
    return this.#seen > 0;
  }

  /** Reads the calls of one chunk. */
  read(pieces: readonly Json[], events: NeutralEvent[]): void {
    const touched = new Set<Call>();
    for (const value of pieces) {
      if (!isObject(value)) continue;
      const piece = pieceOf(value);
      const call = this.#callOf(piece, touched);
      touched.add(call);
      this.#add(call, piece, events);
    }
  }

  /** Reads a piece of the legacy `function_call`. */
  readFunctionCall(value: Json, events: NeutralEvent[]): void {
    if (isObject(value)) this.read([{ index: -1, function: value }], events);
  }

  /** Emits the calls without a name or an id. */
  end(events: NeutralEvent[]): void {
    for (const call of this.#calls) {
      if (!call.begun && (call.name !== '' || call.waiting !== '')) this.#begin(call, events);
      if (call.custom && call.begun) this.#arguments(call, TEXT_END, events);
      call.waiting = '';
    }
    this.#calls.length = 0;
  }

  #callOf(piece: Piece, touched: ReadonlySet<Call>): Call {
    const { id, index, name } = piece;
    if (id !== undefined) {
      const same = this.#calls.findLast((call) => call.id === id);
      // LocalAI writes a call under several indexes; other servers give all calls the same id
      if (same !== undefined && (index === undefined || same.index === index || !same.arguments.complete)) return same;
    }
    const last = index === undefined ? this.#calls.at(-1) : this.#calls.findLast((call) => call.index === index);
    if (last === undefined || startsAnother(last, piece, touched)) return this.#open(piece);
    if (name === undefined || last.name === '' || last.name === name) return last;
    return this.#open(piece);
  }

  #open({ id, index, custom }: Piece): Call {
    const call: Call = {
      n: this.#seen++,
      index,
      custom,
      arguments: new JsonProgress(),
      id,
      name: '',
      signature: undefined,
      waiting: '',
      begun: false,
    };
    this.#calls.push(call);
    return call;
  }

  #add(call: Call, { id, name, text, signature }: Piece, events: NeutralEvent[]): void {
    call.id ??= id;
    call.signature ??= signature;
    if (call.name === '' && name !== undefined) call.name = name;
    // some servers repeat complete arguments
    const isRepeated = call.arguments.complete;
    // a free text has no recognizable end
    if (!call.custom) call.arguments.add(text);
    if (!isRepeated) {
      if (call.begun) this.#arguments(call, call.custom ? textPiece(text) : text, events);
      else call.waiting += text;
    }
    if (!call.begun && call.name !== '' && (call.id !== undefined || text !== '')) this.#begin(call, events);
  }

  #begin(call: Call, events: NeutralEvent[]): void {
    call.begun = true;
    const { n, id = '', name, signature, custom } = call;
    const form = custom ? ('custom' as const) : undefined;
    events.push({ type: 'tool_call', choice: this.#choice, call: n, id, name, form, signature });
    this.#arguments(call, custom ? TEXT_BEGIN + textPiece(call.waiting) : call.waiting, events);
    call.waiting = '';
  }

  #arguments({ n }: Call, text: string, events: NeutralEvent[]): void {
    if (text !== '') events.push({ type: 'tool_arguments', choice: this.#choice, call: n, text });
  }
}

function pieceOf(value: Json): Piece {
  const custom = member(value, 'custom');
  const func = isObject(custom) ? custom : member(value, 'function');
  const id = asString(member(value, 'id'));
  const name = asString(member(func, 'name'));
  return {
    id: id === '' ? undefined : id,
    index: asNumber(member(value, 'index')),
    name: name === '' ? undefined : name,
    text: argumentsText(member(func, isObject(custom) ? 'input' : 'arguments')),
    custom: isObject(custom),
    signature: readCallSignature(value),
  };
}

/** Tests whether a piece begins a new call with the index of the last one. */
function startsAnother(last: Call, { id, index, name }: Piece, touched: ReadonlySet<Call>): boolean {
  if (id !== undefined && last.id !== undefined) return true;
  if (name === undefined) return false;
  // a chunk has one piece per call
  if (touched.has(last)) return true;
  // servers may repeat the name until the arguments are complete
  return last.arguments.complete && (index === undefined || last.name !== '');
}
