/**
 * A queue that is fair to owners: first in, first out for each owner, and round robin among owners. An owner with many items
 * does not delay the others.
 */
export class FairQueue<T> {
  /** In the order of their next turns. */
  readonly #owners = new Map<string, T[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  lengthOf(owner: string): number {
    return this.#owners.get(owner)?.length ?? 0;
  }

  /** Number of owners with waiting items. */
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

  /** Returns the item that is served next. */
  peek(): T | undefined {
    for (const [item] of this.#owners.values()) return item;
    return undefined;
  }

  /** Removes an item and moves its owner to the end of the round. */
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
