import type { Clock } from '@sluice/core';
import type { Cache, CacheEntry, CacheKey } from '../ports/index.ts';
import { decodeEntry, encodeEntry } from './cache-entry.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import { gatherWrites } from './gather-writes.ts';
import type { KeyLayout } from './key-layout.ts';

/** Answers that every replica finds. */
export class RedisCache implements Cache {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;
  readonly #clock: Clock;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait, clock: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
    this.#clock = clock;
  }

  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    gatherWrites(this.#client);
    const value = await this.#wait('cache_get', this.#client.getBuffer(this.#layout.cacheEntry(key.scope, key.digest)));
    const entry = value === null ? undefined : decodeEntry(value);
    return entry !== undefined && entry.expiresAtMs > this.#clock.now() ? entry : undefined;
  }

  async set(key: CacheKey, entry: CacheEntry): Promise<void> {
    const ttlMs = Math.ceil(entry.expiresAtMs - this.#clock.now());
    if (ttlMs <= 0) return;
    const name = this.#layout.cacheEntry(key.scope, key.digest);
    gatherWrites(this.#client);
    await this.#wait('cache_set', this.#client.set(name, encodeEntry(entry), 'PX', ttlMs));
  }
}
