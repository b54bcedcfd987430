import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { ResponseRecord, StoredResponses } from '../ports/index.ts';

/** Maximum size of all records together, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ITEMS = 100_000;

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** Stored responses of a single process. The oldest are dropped beyond a bound. */
export class MemoryStoredResponses implements StoredResponses {
  readonly #clock: Clock;
  readonly #records = new LRUCache<string, Kept<Uint8Array>>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ value }, name) => Math.max(1, value.length + name.length),
  });
  readonly #items = new LRUCache<string, Kept<string>>({ maxSize: MAX_ITEMS, sizeCalculation: () => 1 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async find(tenant: string, ids: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return ids.map((id) => this.#valueOf(this.#records.get(nameOf(tenant, id))));
  }

  async findByItem(tenant: string, itemIds: readonly string[]): Promise<readonly (string | undefined)[]> {
    return itemIds.map((id) => this.#valueOf(this.#items.get(nameOf(tenant, id))));
  }

  async keep(tenant: string, { id, bytes, itemIds }: ResponseRecord, ttlMs: number): Promise<void> {
    const untilMs = this.#clock.now() + ttlMs;
    this.#records.set(nameOf(tenant, id), { value: bytes, untilMs });
    for (const itemId of itemIds) this.#items.set(nameOf(tenant, itemId), { value: id, untilMs });
  }

  async remove(tenant: string, id: string): Promise<boolean> {
    return this.#records.delete(nameOf(tenant, id));
  }

  #valueOf<T>(kept: Kept<T> | undefined): T | undefined {
    return kept === undefined || kept.untilMs <= this.#clock.now() ? undefined : kept.value;
  }
}

/** No tenant has a space in its name. */
const nameOf = (tenant: string, id: string): string => `${tenant} ${id}`;
