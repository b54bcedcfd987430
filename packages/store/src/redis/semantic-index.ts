import { type Clock, systemClock } from '@sluice/core';
import type { Neighbour, SemanticEntry, SemanticIndex, SemanticSpace } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';

/** Maximum number of entries of a space. Beyond it, a write removes another one at random. */
const MAX_ENTRIES = 10_000;
/** Maximum number of lookups at one time: each takes 2 to 3 ms of Redis. Further ones find nothing. */
const MAX_LOOKUPS = 32;
/** Interval in which an old server is asked again, in ms. */
const ASK_AGAIN_MS = 60_000;

export interface RedisSemanticIndexOptions {
  readonly client: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  readonly clock?: Clock | undefined;
}

/** Questions in vector sets (Redis 8): one set for each space, and a hash for each entry. */
export class RedisSemanticIndex implements SemanticIndex {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;
  readonly #clock: Clock;
  #lookups = 0;
  #known: { readonly reason: string | undefined; readonly atMs: number } | undefined;

  constructor({ client, layout, wait, clock = systemClock }: RedisSemanticIndexOptions) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
    this.#clock = clock;
  }

  async unavailable(): Promise<string | undefined> {
    const nowMs = this.#clock.monotonic();
    if (this.#known !== undefined && nowMs - this.#known.atMs < ASK_AGAIN_MS) return this.#known.reason;
    const reason = await this.#wait('semantic_check', () => this.#client.call('VCARD', this.#layout.noSemanticSet)).then(
      () => undefined,
      (error: Error) => {
        if (/unknown command/i.test(error.message)) return 'This Redis has no vector sets. Use Redis 8, or omit cache.semantic.';
        if (error.message.startsWith('NOPERM')) return 'The Redis user may not use vcard, vadd, vsim, vrem and vrandmember.';
        throw error;
      },
    );
    this.#known = { reason, atMs: nowMs };
    return reason;
  }

  async nearest(space: SemanticSpace, vector: Float32Array, count: number): Promise<readonly Neighbour[]> {
    if (this.#lookups >= MAX_LOOKUPS) return [];
    this.#lookups++;
    try {
      const args = ['FP32', bytesOf(vector), 'WITHSCORES', 'COUNT', count];
      const set = this.#layout.semanticSet(space);
      const flat = (await this.#wait('semantic_lookup', () => this.#client.call('VSIM', set, ...args))) as string[];
      const scores: [string, number][] = [];
      for (let n = 0; n < flat.length; n += 2) scores.push([flat[n] as string, Number(flat[n + 1])]);
      const found = await Promise.all(scores.map(([id, score]) => this.#neighbour(space, id, score)));
      return found.filter((one) => one !== undefined);
    } finally {
      this.#lookups--;
    }
  }

  async add(space: SemanticSpace, vector: Float32Array, { id, digest, question, expiresAtMs }: SemanticEntry): Promise<void> {
    const ttlMs = Math.ceil(expiresAtMs - this.#clock.now());
    if (ttlMs <= 0) return;
    const client = this.#client;
    const set = this.#layout.semanticSet(space);
    const hash = this.#layout.semanticEntry(space, id);
    // in this order: an element without a hash is removed by the next reader
    const [, , , size] = await this.#wait('semantic_add', () =>
      Promise.all([
        client.hset(hash, { digest, question, expiresAtMs }),
        client.pexpire(hash, ttlMs),
        client.call('VADD', set, 'FP32', bytesOf(vector), id, 'Q8'),
        client.call('VCARD', set) as Promise<number>,
        client.pexpire(set, ttlMs, 'NX'),
        client.pexpire(set, ttlMs, 'GT'),
      ]),
    );
    if (size > MAX_ENTRIES) await this.#removeAny(space, set, id);
  }

  async confirm(space: SemanticSpace, id: string): Promise<void> {
    const hash = this.#layout.semanticEntry(space, id);
    const digest = await this.#wait('semantic_entry', () => this.#client.hget(hash, 'digest'));
    // a hash without a digest has expired in the meantime
    if (digest !== null) await this.#wait('semantic_confirm', () => this.#client.hincrby(hash, 'right', 1));
  }

  async remove(space: SemanticSpace, id: string): Promise<boolean> {
    const [removed] = await this.#wait('semantic_remove', () =>
      Promise.all([
        this.#client.del(this.#layout.semanticEntry(space, id)),
        this.#client.call('VREM', this.#layout.semanticSet(space), id),
      ]),
    );
    return removed === 1;
  }

  /** Returns an element with its entry. Removes an element without an entry from the set. */
  async #neighbour(space: SemanticSpace, id: string, score: number): Promise<Neighbour | undefined> {
    const hash = this.#layout.semanticEntry(space, id);
    const fields = ['digest', 'question', 'expiresAtMs', 'right'] as const;
    const [digest, question, expiresAtMs, right] = await this.#wait('semantic_entry', () => this.#client.hmget(hash, ...fields));
    if (digest == null || question == null || Number(expiresAtMs) <= this.#clock.now()) {
      await this.remove(space, id);
      return undefined;
    }
    // a score is a cosine, moved to 0 to 1
    const similarity = 2 * score - 1;
    return { id, digest, question, expiresAtMs: Number(expiresAtMs), right: Number(right ?? 0), similarity };
  }

  async #removeAny(space: SemanticSpace, set: string, but: string): Promise<void> {
    const other = await this.#wait('semantic_remove', () => this.#client.call('VRANDMEMBER', set) as Promise<string | null>);
    if (other !== null && other !== but) await this.remove(space, other);
  }
}

const bytesOf = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
