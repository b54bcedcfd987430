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
    for (const [owner, [item]] of this.#owners) {
      if (item !== undefined) this.served(owner, item);
      return item;
    }
    return undefined;
  }

  /** The item that is served next. */
  peek(): T | undefined {
    for (const [item] of this.#owners.values()) return item;
    return undefined;
  }

  /** Takes an item out, and lets its owner's turn come last. */
  served(owner: string, item: T): void {
    this.remove(owner, item);
    const items = this.#owners.get(owner);
    if (items === undefined) return;
    this.#owners.delete(owner);
    this.#owners.set(owner, items);
  }

  all(): T[] {
    return [...this.#owners.values()].flat();
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
