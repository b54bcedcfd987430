import { FreeTextReader } from '../neutral/free-text.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { ToolCall } from '../neutral/request.ts';
import { nameParts } from './namespaces.ts';
import { at, type Closing, type ItemPosition } from './open-items.ts';
import { callItem } from './write-items.ts';

/** An event's type and members, without the members of its item. */
type CallEvent = readonly [type: string, more: JsonObject];

/**
 * A call with an open item. The text of a custom call is decoded while it arrives; a shell or patch call arrives with its item.
 */
export class OpenCall {
  readonly position: ItemPosition;
  readonly #call: ToolCall;
  readonly #text: FreeTextReader | undefined;
  #arguments = '';
  #input = '';

  constructor(position: ItemPosition, call: ToolCall) {
    this.position = position;
    this.#call = call;
    if (call.form === 'custom') this.#text = new FreeTextReader();
  }

  /** Returns the item in its initial state. */
  begun(): JsonObject {
    return callItem(this.position.id, 'in_progress', this.#call);
  }

  /** Adds a piece of the arguments. */
  add(piece: string): CallEvent | undefined {
    this.#arguments += piece;
    if (this.#text !== undefined) return this.#inputDelta(this.#text.read(piece));
    if (this.#call.form !== undefined) return undefined;
    return ['response.function_call_arguments.delta', { ...at(this.position), delta: piece }];
  }

  close(): Closing {
    const { id, position } = { id: this.position.id, position: at(this.position) };
    const { name, form } = this.#call;
    const item = callItem(id, 'completed', { ...this.#call, arguments: this.#arguments });
    if (this.#text !== undefined) {
      const rest = this.#inputDelta(this.#text.end());
      const done: CallEvent = ['response.custom_tool_call_input.done', { ...position, input: this.#input }];
      return { events: rest === undefined ? [done] : [rest, done], item: { ...item, input: this.#input } };
    }
    if (form !== undefined) return { events: [], item };
    return {
      events: [['response.function_call_arguments.done', { ...position, ...nameParts(name), arguments: this.#arguments }]],
      item,
    };
  }

  #inputDelta(delta: string): CallEvent | undefined {
    this.#input += delta;
    return delta === '' ? undefined : ['response.custom_tool_call_input.delta', { ...at(this.position), delta }];
  }
}
