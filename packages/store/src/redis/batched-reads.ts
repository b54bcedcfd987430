import { Cluster } from 'ioredis';
import { atEndOfTurn } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';

interface PendingRead {
  readonly name: string;
  resolve(value: Buffer | null): void;
  reject(error: unknown): void;
}

/** Reads all values that the calls of one turn of the event loop look up with one command. */
export class BatchedReads {
  readonly #client: RedisClient;
  readonly #wait: Wait;
  #pending: PendingRead[] = [];

  constructor(client: RedisClient, wait: Wait) {
    this.#client = client;
    this.#wait = wait;
  }

  get(name: string): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ name, resolve, reject });
      if (this.#pending.length === 1) atEndOfTurn(this.#client, () => this.#send());
    });
  }

  #send(): void {
    const pending = this.#pending;
    this.#pending = [];
    // the entries of a Cluster are on many shards
    if (pending.length === 1 || this.#client instanceof Cluster) for (const one of pending) this.#readOne(one);
    else this.#readAll(pending);
  }

  #readOne({ name, resolve, reject }: PendingRead): void {
    this.#wait('cache_get', () => this.#client.getBuffer(name)).then(resolve, reject);
  }

  #readAll(pending: readonly PendingRead[]): void {
    const names = pending.map(({ name }) => name);
    this.#wait('cache_get', () => this.#client.mgetBuffer(names)).then(
      (values) => {
        for (let n = 0; n < pending.length; n++) pending[n]?.resolve(values[n] ?? null);
      },
      (error: unknown) => {
        for (const { reject } of pending) reject(error);
      },
    );
  }
}
