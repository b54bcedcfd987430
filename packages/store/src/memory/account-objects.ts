import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { AccountObjects } from '../ports/index.ts';

const MAX_OBJECTS = 100_000;

/** Owners of account objects, known to one process. */
export class MemoryAccountObjects implements AccountObjects {
  readonly #clock: Clock;
  readonly #byId = new LRUCache<string, { readonly tenant: string; readonly untilMs: number }>({
    maxSize: MAX_OBJECTS,
    sizeCalculation: () => 1,
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async owners(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
    return ids.map((id) => this.#owner(id));
  }

  async claim(id: string, tenant: string, ttlMs: number): Promise<boolean> {
    const owner = this.#owner(id);
    if (owner !== undefined && owner !== tenant) return false;
    this.#byId.set(id, { tenant, untilMs: this.#clock.now() + ttlMs });
    return true;
  }

  async release(id: string): Promise<void> {
    this.#byId.delete(id);
  }

  #owner(id: string): string | undefined {
    const known = this.#byId.get(id);
    return known === undefined || known.untilMs <= this.#clock.now() ? undefined : known.tenant;
  }
}
