import type { ResponseRecord, StoredResponses } from '../ports/index.ts';
import { batchWrites } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';

/** Responses shared by all replicas: one key per response and one per item, each with its own time to live and shard. */
export class RedisStoredResponses implements StoredResponses {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
  }

  find(tenant: string, ids: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    batchWrites(this.#client);
    return this.#wait('response_find', async () => {
      const found = await Promise.all(ids.map((id) => this.#client.getBuffer(this.#layout.storedResponse(tenant, id))));
      return found.map((bytes) => bytes ?? undefined);
    });
  }

  findByItem(tenant: string, itemIds: readonly string[]): Promise<readonly (string | undefined)[]> {
    batchWrites(this.#client);
    return this.#wait('response_find', async () => {
      const found = await Promise.all(itemIds.map((id) => this.#client.get(this.#layout.storedItem(tenant, id))));
      return found.map((id) => id ?? undefined);
    });
  }

  async keep(tenant: string, { id, bytes, itemIds }: ResponseRecord, ttlMs: number): Promise<void> {
    batchWrites(this.#client);
    await this.#wait('response_keep', () =>
      Promise.all([
        this.#client.set(this.#layout.storedResponse(tenant, id), Buffer.from(bytes), 'PX', ttlMs),
        ...itemIds.map((itemId) => this.#client.set(this.#layout.storedItem(tenant, itemId), id, 'PX', ttlMs)),
      ]),
    );
  }

  async remove(tenant: string, id: string): Promise<boolean> {
    const removed = await this.#wait('response_remove', () => this.#client.del(this.#layout.storedResponse(tenant, id)));
    return removed === 1;
  }
}
