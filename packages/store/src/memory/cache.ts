import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { Cache, CacheEntry, CacheFilter, CacheKey, CacheListing } from '../ports/index.ts';

/** Approximate size of an entry without its response, and of an alias, in bytes. */
const OVERHEAD_BYTES = 512;

interface Kept {
  readonly key: CacheKey;
  readonly entry: CacheEntry;
}

interface Alias {
  readonly key: CacheKey;
  readonly digest: string;
  readonly expiresAtMs: number;
}

/** The cache of a single process. It evicts the least recently used entry. */
export class MemoryCache implements Cache {
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, Kept>;
  readonly #aliases: LRUCache<string, Alias>;

  /** @param maxBytes the maximum size of all entries together, in bytes. Aliases take at most a quarter of it in addition */
  constructor(clock: Clock, maxBytes = 64 * 1024 * 1024) {
    this.#clock = clock;
    this.#entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ entry }) => entry.body.length + OVERHEAD_BYTES });
    this.#aliases = new LRUCache({ maxSize: maxBytes / 4, sizeCalculation: () => OVERHEAD_BYTES });
  }

  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    const entry = this.#entries.get(nameOf(key))?.entry;
    return entry !== undefined && entry.expiresAtMs > this.#clock.now() ? entry : undefined;
  }

  async set(key: CacheKey, entry: CacheEntry): Promise<void> {
    this.#entries.set(nameOf(key), { key, entry });
  }

  async alias(key: CacheKey): Promise<string | undefined> {
    const alias = this.#aliases.get(nameOf(key));
    return alias !== undefined && alias.expiresAtMs > this.#clock.now() ? alias.digest : undefined;
  }

  async setAlias(key: CacheKey, digest: string, expiresAtMs: number): Promise<void> {
    this.#aliases.set(nameOf(key), { key, digest, expiresAtMs });
  }

  async list(filter: CacheFilter, count: number): Promise<{ total: number; entries: CacheListing[] }> {
    const matching = this.#matching(filter);
    const entries = matching.slice(0, count).map(({ key, entry }) => {
      const { body, ...head } = entry;
      return { key, head, bytes: body.length + OVERHEAD_BYTES };
    });
    return { total: matching.length, entries };
  }

  async remove(key: CacheKey): Promise<boolean> {
    return this.#entries.delete(nameOf(key)) || this.#aliases.delete(nameOf(key));
  }

  async clear(filter: CacheFilter): Promise<number> {
    const matching = this.#matching(filter);
    for (const { key } of matching) this.#entries.delete(nameOf(key));
    if (filter.tag === undefined) {
      for (const { key } of [...this.#aliases.values()]) if (matches(key, filter)) this.#aliases.delete(nameOf(key));
    }
    return matching.length;
  }

  #matching(filter: CacheFilter): Kept[] {
    const nowMs = this.#clock.now();
    return [...this.#entries.values()].filter(
      ({ key, entry }) =>
        entry.expiresAtMs > nowMs &&
        matches(key, filter) &&
        (filter.tag === undefined || entry.tags?.includes(filter.tag) === true),
    );
  }
}

const matches = (key: CacheKey, filter: CacheFilter): boolean =>
  (filter.scope ?? key.scope) === key.scope &&
  (filter.namespace ?? key.namespace) === key.namespace &&
  (filter.model ?? key.model) === key.model;

const nameOf = ({ scope, namespace, model, digest }: CacheKey): string => [scope, namespace, model, digest].join('\n');
