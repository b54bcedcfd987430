import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { ConversationChange, ConversationItem, Conversations, StoredConversation } from '../ports/index.ts';

/** Maximum size of all conversations together, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

interface Kept extends StoredConversation {
  readonly next: number;
  readonly untilMs: number;
}

/** Conversations of a single process. The oldest are dropped beyond a bound. */
export class MemoryConversations implements Conversations {
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ head, items }, name) =>
      name.length + head.length + items.reduce((sum, { bytes }) => sum + bytes.length, 1),
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async create(tenant: string, id: string, head: Uint8Array, items: readonly Uint8Array[], ttlMs: number): Promise<void> {
    this.#kept.set(nameOf(tenant, id), this.#changed({ head, items: [], next: 0, untilMs: 0 }, { items }, ttlMs));
  }

  async find(tenant: string, id: string): Promise<StoredConversation | undefined> {
    return this.#find(nameOf(tenant, id));
  }

  async change(tenant: string, id: string, change: ConversationChange, ttlMs: number): Promise<boolean> {
    const name = nameOf(tenant, id);
    const kept = this.#find(name);
    if (kept === undefined) return false;
    this.#kept.set(name, this.#changed(kept, change, ttlMs));
    return true;
  }

  async removeItem(tenant: string, id: string, position: number): Promise<boolean> {
    const name = nameOf(tenant, id);
    const kept = this.#find(name);
    const items = kept?.items.filter((item) => item.position !== position) ?? [];
    if (kept === undefined || items.length === kept.items.length) return false;
    this.#kept.set(name, { ...kept, items });
    return true;
  }

  async remove(tenant: string, id: string): Promise<boolean> {
    const name = nameOf(tenant, id);
    return this.#find(name) !== undefined && this.#kept.delete(name);
  }

  #changed(kept: Kept, { head = kept.head, items = [] }: ConversationChange, ttlMs: number): Kept {
    const added = items.map((bytes, n): ConversationItem => ({ position: kept.next + n, bytes }));
    return { head, items: [...kept.items, ...added], next: kept.next + added.length, untilMs: this.#clock.now() + ttlMs };
  }

  #find(name: string): Kept | undefined {
    const kept = this.#kept.get(name);
    return kept === undefined || kept.untilMs <= this.#clock.now() ? undefined : kept;
  }
}

/** No tenant has a space in its name. */
const nameOf = (tenant: string, id: string): string => `${tenant} ${id}`;
