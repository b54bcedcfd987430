import { randomUUID } from 'node:crypto';

/** Gives each call of one answer an id that no other has: some servers send none, or one for all. A result names its call by it. */
export class CallIds {
  readonly #given = new Set<string>();

  /** Returns the provider's id where it can be used. Made ids match `^[a-zA-Z0-9_-]+$`, as Anthropic wants them. */
  of(id: string): string {
    const unique = id === '' || this.#given.has(id) ? `call_${randomUUID().replaceAll('-', '')}` : id;
    this.#given.add(unique);
    return unique;
  }
}
