import { randomUUID } from 'node:crypto';

/**
 * Assigns a unique id to each call of a response. Some servers send no id, or the same one for all calls; a tool result refers
 * to its call by id.
 */
export class CallIds {
  readonly #given = new Set<string>();

  /** Returns the provider's id if it is unique, else a generated one. Generated ids match Anthropic's `^[a-zA-Z0-9_-]+$`. */
  of(id: string): string {
    const unique = id === '' || this.#given.has(id) ? `call_${randomUUID().replaceAll('-', '')}` : id;
    this.#given.add(unique);
    return unique;
  }
}
