import { atEndOfTurn } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';

/** The calls of one group that one script decides (`TenantGroups`). */
export interface TenantBatch<T> {
  readonly group: string;
  /** Returns false if the call needs another batch. A new batch accepts every call. */
  add(item: T): boolean;
  send(): void;
}

/**
 * Collects the calls of one turn of the event loop, so that a script reads and writes each limit once for all of them. In a
 * Cluster, the keys of a batch are those of one tenant, and on one shard.
 */
export class TenantBatches<T> {
  readonly #client: RedisClient;
  readonly #open: (group: string) => TenantBatch<T>;
  /** In the order of their calls. An array, because a `Map` with churn must not reference calls (see `Slots`). */
  #batches: TenantBatch<T>[] = [];

  constructor(client: RedisClient, open: (group: string) => TenantBatch<T>) {
    this.#client = client;
    this.#open = open;
  }

  add(group: string, item: T): void {
    const last = this.#lastOf(group);
    if (last?.add(item)) return;
    const batch = this.#open(group);
    batch.add(item);
    this.#batches.push(batch);
    if (this.#batches.length === 1) atEndOfTurn(this.#client, () => this.#send());
  }

  #lastOf(group: string): TenantBatch<T> | undefined {
    for (let n = this.#batches.length - 1; n >= 0; n--) {
      if (this.#batches[n]?.group === group) return this.#batches[n];
    }
    return undefined;
  }

  #send(): void {
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) batch.send();
  }
}
