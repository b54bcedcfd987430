import { randomUUID } from 'node:crypto';
import type { AuditPage, AuditReader, AuditReaderOptions, StoredRecord } from '../ports/index.ts';
import { comparePositions, parsePosition, positionText } from './audit-position.ts';
import { type AuditShards, PAUSE_MS } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';
import { StreamReader, type StreamState } from './stream-reader.ts';

/**
 * Reads the streams of all shards, in each as a consumer of the group. One read asks every stream for its state, and then reads
 * streams with records in turn until it has enough. The next read begins with the following stream, so that a shard with many
 * records delays no other one.
 */
export class RedisAuditReader implements AuditReader {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #shards: AuditShards;
  readonly #options: AuditReaderOptions;
  readonly #name = randomUUID();
  readonly #readers = new Map<AuditShard, StreamReader>();
  /** Shards that could not be read. Until the given time they are not read again. */
  readonly #failed = new Map<AuditShard, { readonly error: unknown; readonly untilMs: number }>();
  /** Index of the shard that the next read begins with. */
  #first = 0;

  constructor(client: RedisClient, layout: KeyLayout, shards: AuditShards, options: AuditReaderOptions) {
    this.#client = client;
    this.#layout = layout;
    this.#shards = shards;
    this.#options = options;
  }

  async read(count: number): Promise<AuditPage> {
    const all = await this.#shards.all();
    const first = this.#first % all.length;
    const shards = [...all.slice(first), ...all.slice(0, first)];
    const states = await Promise.allSettled(shards.map((shard) => this.#stateOf(shard)));
    const records: StoredRecord[] = [];
    let lost = 0;
    for (const [n, state] of states.entries()) {
      const shard = shards[n] as AuditShard;
      if (state.status === 'rejected') continue;
      const { unread, pending } = state.value;
      if (unread === 0 && pending === 0) continue;
      if (records.length === count) break;
      this.#first = first + n + 1;
      try {
        const part = await this.#of(shard).read(count - records.length, state.value);
        lost += part.lost;
        for (const [id, fields] of part.entries)
          records.push({ position: positionText({ id, shard }), record: fields?.[1] ?? '' });
      } catch (error) {
        // the next read asks for the state again, which shows whether the shard is unavailable
        this.#failed.set(shard, { error, untilMs: 0 });
      }
    }
    const [failed] = this.#failed.values();
    if (this.#failed.size >= all.length) {
      // the whole store was unavailable: the next read asks all shards again
      this.#failed.clear();
      throw failed?.error;
    }
    records.sort((a, b) => comparePositions(parsePosition(a.position), parsePosition(b.position)));
    return failed === undefined ? { records, lost } : { records, lost, failure: failed.error };
  }

  /** Returns the state of a shard's stream. @throws the shard's error, without a command if it failed a short time ago */
  async #stateOf(shard: AuditShard): Promise<StreamState> {
    const failed = this.#failed.get(shard);
    if (failed !== undefined && performance.now() < failed.untilMs) throw failed.error;
    try {
      const state = await this.#of(shard).state();
      this.#failed.delete(shard);
      return state;
    } catch (error) {
      this.#failed.set(shard, { error, untilMs: performance.now() + PAUSE_MS });
      throw error;
    }
  }

  async finish(positions: readonly string[]): Promise<void> {
    const byShard = Map.groupBy(positions.map(parsePosition), ({ shard }) => shard);
    const finished = [...byShard].map(([shard, some]) => this.#of(shard).finish(some.map(({ id }) => id)));
    throwFirst(await Promise.allSettled(finished));
  }

  async behind(): Promise<number> {
    const [failed] = this.#failed.values();
    if (failed !== undefined) throw failed.error;
    const numbers = await Promise.all((await this.#shards.all()).map((shard) => this.#of(shard).behind()));
    return numbers.reduce((sum, behind) => sum + behind, 0);
  }

  async close(): Promise<void> {
    throwFirst(await Promise.allSettled([...this.#readers.values()].map((reader) => reader.close())));
  }

  #of(shard: AuditShard): StreamReader {
    const known = this.#readers.get(shard);
    if (known !== undefined) return known;
    const reader = new StreamReader(this.#client, this.#layout.auditStream(shard), this.#options, this.#name);
    this.#readers.set(shard, reader);
    return reader;
  }
}

/** @throws the first error */
function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
