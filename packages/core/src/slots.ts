/**
 * Stores items that are added and removed at a high rate, each in a slot of its own.
 *
 * A `Map` or `Set` with such churn allocates a new table every few dozen items, and V8 links each old table to its successor.
 * Once one table is in the old generation, every young collection retains all later ones with their items (docs/performance.md).
 *
 * @example
 * const calls = new Slots<Call>();
 * const slot = calls.add(call);
 * calls.all(); // [call]
 * calls.remove(slot);
 */
export class Slots<T extends object> {
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Adds an item and returns its slot. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return slot;
  }

  /** Removes the item of a slot. A slot is removed once: afterwards another item may use it. */
  remove(slot: number): void {
    if (this.#items[slot] === undefined) return;
    this.#items[slot] = undefined;
    this.#free.push(slot);
  }

  /** Returns the item of a slot. */
  at(slot: number): T | undefined {
    return this.#items[slot];
  }

  /** Returns the items in no particular order. */
  all(): T[] {
    return this.#items.filter((item): item is T => item !== undefined);
  }
}
