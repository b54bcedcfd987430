/**
 * Waits in turn: first come first served among those of one owner, and one after the other among the owners, so that one of them who has many does not
 * keep the others waiting.
 */
export class FairQueue<T> {
  /** In the order in which they are served next. */
  readonly #owners = new Map<string, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  lengthOf(owner: string): number {
    return this.#owners.get(owner)?.length ?? 0;
  }

  /** How many owners wait. */
  get owners(): number {
    return this.#owners.size;
  }

  push(owner: string, item: T): void {
    const items = this.#owners.get(owner);
    if (items === undefined) this.#owners.set(owner, [item]);
    else items.push(item);
    this.#length++;
  }

  shift(): T | undefined {
    for (const [owner, items] of this.#owners) {
      const item = items.shift() as T;
      // whose turn it was comes last
      this.#owners.delete(owner);
      if (items.length > 0) this.#owners.set(owner, items);
      this.#length--;
      return item;
    }
    return undefined;
  }

  remove(owner: string, item: T): void {
    const items = this.#owners.get(owner);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at === -1) return;
    items.splice(at, 1);
    if (items.length === 0) this.#owners.delete(owner);
    this.#length--;
  }
}
