import type { Clock } from '@sluice/core';
import { Cluster, type Redis } from 'ioredis';
import type { Cache, CacheEntry, CacheFilter, CacheKey, CacheListing } from '../ports/index.ts';
import { batchWrites } from './batch-writes.ts';
import { BatchedReads } from './batched-reads.ts';
import { decodeEntry, encodeEntry } from './cache-entry.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';

const SCANNED_AT_ONCE = 1_000;
/** More than any entry's head takes. */
const HEAD_BYTES = 16_384;

/** Answers that every replica finds. */
export class RedisCache implements Cache {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;
  readonly #clock: Clock;
  readonly #reads: BatchedReads;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait, clock: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
    this.#clock = clock;
    this.#reads = new BatchedReads(client, wait);
  }

  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    const value = await this.#reads.get(this.#layout.cacheEntry(key));
    const entry = value === null ? undefined : decodeEntry(value);
    return entry !== undefined && entry.expiresAtMs > this.#clock.now() ? entry : undefined;
  }

  async set(key: CacheKey, entry: CacheEntry): Promise<void> {
    const ttlMs = Math.ceil(entry.expiresAtMs - this.#clock.now());
    if (ttlMs <= 0) return;
    const name = this.#layout.cacheEntry(key);
    batchWrites(this.#client);
    await this.#wait('cache_set', () => this.#client.set(name, encodeEntry(entry), 'PX', ttlMs));
  }

  async list(filter: CacheFilter, count: number): Promise<{ total: number; entries: CacheListing[] }> {
    const entries: CacheListing[] = [];
    let total = 0;
    for await (const names of this.#names(filter)) {
      total += names.length;
      const wanted = names.slice(0, count - entries.length);
      const found = await Promise.all(wanted.map((name) => this.#listing(name)));
      entries.push(...found.filter((one) => one !== undefined));
    }
    return { total, entries };
  }

  async remove(key: CacheKey): Promise<boolean> {
    return (await this.#client.del(this.#layout.cacheEntry(key))) === 1;
  }

  async clear(filter: CacheFilter): Promise<number> {
    let removed = 0;
    for await (const names of this.#names(filter)) {
      // one by one, because a Cluster has them on many shards
      removed += (await Promise.all(names.map((name) => this.#client.del(name)))).reduce((sum, one) => sum + one, 0);
    }
    return removed;
  }

  /** The names of all entries that match, some at a time and each once or more (SCAN). */
  async *#names(filter: CacheFilter): AsyncGenerator<string[]> {
    const nodes: Redis[] = this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
    const seen = new Set<string>();
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, names] = await node.scan(cursor, 'MATCH', this.#layout.cacheEntries(filter), 'COUNT', SCANNED_AT_ONCE);
        cursor = next;
        const fresh = names.filter((name) => !seen.has(name));
        for (const name of fresh) seen.add(name);
        if (fresh.length > 0) yield fresh;
      } while (cursor !== '0');
    }
  }

  async #listing(name: string): Promise<CacheListing | undefined> {
    const [start, bytes] = await Promise.all([this.#client.getrangeBuffer(name, 0, HEAD_BYTES - 1), this.#client.strlen(name)]);
    const key = this.#layout.readCacheEntry(name);
    const entry = decodeEntry(start);
    if (key === undefined || entry === undefined) return undefined;
    const { body: _, ...head } = entry;
    return { key, head, bytes };
  }
}
