import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { Cache, CacheEntry, CacheKey } from '../ports/index.ts';

/** A cache of one process, least recently used out first. */
export class MemoryCache implements Cache {
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, CacheEntry>;

  /** @param maxBytes what all bodies together may take */
  constructor(clock: Clock, maxBytes = 64 * 1024 * 1024) {
    this.#clock = clock;
    this.#entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: (entry) => entry.body.length + 512 });
  }

  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    const entry = this.#entries.get(nameOf(key));
    return entry !== undefined && entry.expiresAtMs > this.#clock.now() ? entry : undefined;
  }

  async set(key: CacheKey, entry: CacheEntry): Promise<void> {
    this.#entries.set(nameOf(key), entry);
  }
}

const nameOf = (key: CacheKey): string => `${key.scope}\n${key.digest}`;
