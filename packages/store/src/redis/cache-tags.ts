import type { Clock } from '@sluice/core';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { namesLike } from './names-like.ts';

/** One write in this number also removes the expired entries of a tag. */
const SWEEP_ONE_IN = 32;
/** Maximum number of entries that are removed or read at once. */
const AT_ONCE = 1_000;

/** The entries of each tag: a sorted set of their names by the time of their expiry. */
export class CacheTags {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #clock: Clock;

  constructor(client: RedisClient, layout: KeyLayout, clock: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#clock = clock;
  }

  async add(scope: string, tags: readonly string[], name: string, expiresAtMs: number): Promise<void> {
    const ttlMs = Math.ceil(expiresAtMs - this.#clock.now());
    if (ttlMs <= 0) return;
    await Promise.all(tags.map((tag) => this.#add(this.#layout.cacheTag(scope, tag), name, expiresAtMs, ttlMs)));
  }

  /** Yields the names of a tag's entries that exist, in all scopes by default. */
  async *names(scope: string | undefined, tag: string, isWanted: (name: string) => boolean): AsyncGenerator<string[]> {
    for await (const sets of namesLike(this.#client, this.#layout.cacheTags(scope, tag))) {
      for (const set of sets) yield* this.#members(set, isWanted);
    }
  }

  /** Removes the names of entries that no longer exist. */
  async forget(scope: string | undefined, tag: string): Promise<void> {
    for await (const sets of namesLike(this.#client, this.#layout.cacheTags(scope, tag))) {
      for (const set of sets) {
        const names = await this.#client.zrangebyscore(set, '-inf', '+inf');
        for (let n = 0; n < names.length; n += AT_ONCE) {
          const some = names.slice(n, n + AT_ONCE);
          const existing = new Set(await this.#existing(some));
          const gone = some.filter((name) => !existing.has(name));
          if (gone.length > 0) await this.#client.zrem(set, ...gone);
        }
      }
    }
  }

  async #add(set: string, name: string, expiresAtMs: number, ttlMs: number): Promise<void> {
    const client = this.#client;
    // the set lives as long as the longest of its entries
    await Promise.all([client.zadd(set, expiresAtMs, name), client.pexpire(set, ttlMs, 'NX'), client.pexpire(set, ttlMs, 'GT')]);
    if (Math.random() * SWEEP_ONE_IN >= 1) return;
    const expired = await client.zrangebyscore(set, '-inf', `${this.#clock.now()}`, 'LIMIT', 0, AT_ONCE);
    if (expired.length > 0) await client.zrem(set, ...expired);
  }

  async *#members(set: string, isWanted: (name: string) => boolean): AsyncGenerator<string[]> {
    const nowMs = this.#clock.now();
    const names = (await this.#client.zrangebyscore(set, `${nowMs}`, '+inf')).filter(isWanted);
    for (let n = 0; n < names.length; n += AT_ONCE) {
      yield await this.#existing(names.slice(n, n + AT_ONCE));
    }
  }

  async #existing(names: readonly string[]): Promise<string[]> {
    const sizes = await Promise.all(names.map((name) => this.#client.strlen(name)));
    return names.filter((_name, n) => sizes[n] !== 0);
  }
}
