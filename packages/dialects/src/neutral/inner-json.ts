import { structureOf } from '../json-scan.ts';
import { BOUNDS } from '../request-json.ts';
import { isObject, type Json, type JsonObject, parseJson, wrongField } from './read-json.ts';

const TOO_LARGE = `JSON of at most ${BOUNDS.depth} levels, and all of them together of at most ${BOUNDS.nodes} members, objects and lists`;

/**
 * Parses JSON inside the strings of one request, such as arguments of tool calls, within one bound for all of them together.
 * The scan of a body does not examine strings: a parser needs 0.3 s for 10 MB of brackets in one.
 */
export class InnerJson {
  #nodes = BOUNDS.nodes;
  #values = BOUNDS.values;

  /**
   * Returns the arguments of a tool call; an empty object for a text that is no object.
   *
   * @throws LlmError `invalid_request` beyond the bounds
   */
  arguments(text: string): JsonObject {
    if (text === '') return {};
    const { fits, isJson } = this.#examine(text);
    if (!fits) wrongField('arguments', TOO_LARGE);
    const value = isJson ? parseJson(text) : undefined;
    return isObject(value) ? value : {};
  }

  /** Returns the value of a text; undefined for a text that is no JSON or beyond the bounds. */
  value(text: string): Json {
    const { fits, isJson } = this.#examine(text);
    return fits && isJson ? parseJson(text) : undefined;
  }

  #examine(text: string): { readonly fits: boolean; readonly isJson: boolean } {
    const { depth, nodes, values, isJson } = structureOf(Buffer.from(text), {
      depth: BOUNDS.depth,
      nodes: this.#nodes,
      values: this.#values,
    });
    this.#nodes -= nodes;
    this.#values -= values;
    return { fits: depth <= BOUNDS.depth && this.#nodes >= 0 && this.#values >= 0, isJson };
  }
}
