import type { Clock } from '@sluice/core';
import {
  ALIAS_PREFIX,
  type Cache,
  type CacheEntry,
  type CacheFilter,
  type CacheKey,
  type CacheListing,
  SEMANTIC_PREFIX,
} from '../ports/index.ts';
import { batchWrites } from './batch-writes.ts';
import { BatchedReads } from './batched-reads.ts';
import { decodeEntry, encodeEntry, headOf } from './cache-entry.ts';
import { CacheTags } from './cache-tags.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { namesLike } from './names-like.ts';

/** More than any entry's head takes. */
const HEAD_BYTES = 16_384;

/** Answers that every replica finds. */
export class RedisCache implements Cache {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;
  readonly #clock: Clock;
  readonly #reads: BatchedReads;
  readonly #tags: CacheTags;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait, clock: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
    this.#clock = clock;
    this.#reads = new BatchedReads(client, wait);
    this.#tags = new CacheTags(client, layout, clock);
  }

  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    const value = await this.#reads.get(this.#layout.cacheEntry(key));
    const entry = value === null ? undefined : await decodeEntry(value);
    return entry !== undefined && entry.expiresAtMs > this.#clock.now() ? entry : undefined;
  }

  async set(key: CacheKey, entry: CacheEntry): Promise<void> {
    const value = await encodeEntry(entry);
    const name = this.#layout.cacheEntry(key);
    // before the entry: an entry that cannot be removed by its tag must not exist
    const { tags, expiresAtMs } = entry;
    if (tags !== undefined) await this.#wait('cache_tag', () => this.#tags.add(key.scope, tags, name, expiresAtMs));
    await this.#put('cache_set', name, value, entry.expiresAtMs);
  }

  async alias(key: CacheKey): Promise<string | undefined> {
    const value = await this.#reads.get(this.#layout.cacheEntry(key));
    return value === null ? undefined : value.toString('latin1');
  }

  async setAlias(key: CacheKey, digest: string, expiresAtMs: number): Promise<void> {
    await this.#put('cache_set', this.#layout.cacheEntry(key), digest, expiresAtMs);
  }

  async list(filter: CacheFilter, count: number): Promise<{ total: number; entries: CacheListing[] }> {
    const entries: CacheListing[] = [];
    let total = 0;
    for await (const names of this.#names(filter)) {
      const ofEntries = names.filter((name) => this.#isEntry(name));
      total += ofEntries.length;
      const wanted = ofEntries.slice(0, count - entries.length);
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
      const counts = await Promise.all(names.map((name) => this.#client.del(name)));
      names.forEach((name, n) => {
        if (this.#isEntry(name)) removed += counts[n] ?? 0;
      });
    }
    if (filter.tag !== undefined) await this.#tags.forget(filter.scope, filter.tag);
    return removed;
  }

  async #put(command: string, name: string, value: Buffer | string, expiresAtMs: number): Promise<void> {
    const ttlMs = Math.ceil(expiresAtMs - this.#clock.now());
    if (ttlMs <= 0) return;
    batchWrites(this.#client);
    await this.#wait(command, () => this.#client.set(name, value, 'PX', ttlMs));
  }

  /** The names of all entries and aliases that match, some at a time and each once. */
  #names(filter: CacheFilter): AsyncGenerator<string[]> {
    const { scope, namespace, model, tag } = filter;
    const pattern = this.#layout.cacheEntries(filter);
    if (tag === undefined) return namesLike(this.#client, pattern);
    const isOf = (name: string): boolean => {
      const key = this.#layout.readCacheEntry(name);
      return key !== undefined && (namespace ?? key.namespace) === key.namespace && (model ?? key.model) === key.model;
    };
    return this.#tags.names(scope, tag, isOf);
  }

  #isEntry(name: string): boolean {
    const digest = this.#layout.readCacheEntry(name)?.digest ?? ALIAS_PREFIX;
    return !digest.startsWith(ALIAS_PREFIX) && !digest.startsWith(SEMANTIC_PREFIX);
  }

  async #listing(name: string): Promise<CacheListing | undefined> {
    const [start, bytes] = await Promise.all([this.#client.getrangeBuffer(name, 0, HEAD_BYTES - 1), this.#client.strlen(name)]);
    const key = this.#layout.readCacheEntry(name);
    const head = headOf(start);
    return key === undefined || head === undefined ? undefined : { key, head, bytes };
  }
}
