import type { AccountObjects } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';

/** Ids that are looked up at once. */
const AT_ONCE = 500;

/** Owners of account objects, shared by all replicas: one key each, so that each has its own time to live and shard. */
export class RedisAccountObjects implements AccountObjects {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
  }

  async owners(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
    const owners: (string | undefined)[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const part = ids.slice(from, from + AT_ONCE);
      owners.push(...(await Promise.all(part.map((id) => this.#owner(id)))));
    }
    return owners;
  }

  async claim(id: string, tenant: string, ttlMs: number): Promise<boolean> {
    const key = this.#layout.accountObject(id);
    for (;;) {
      const set = await this.#wait('object_claim', () => this.#client.set(key, tenant, 'PX', ttlMs, 'NX'));
      if (set !== null) return true;
      // an owner never changes, so the value read here is still valid when the time to live is set
      const owner = await this.#owner(id);
      if (owner !== undefined && owner !== tenant) return false;
      const kept = await this.#wait('object_claim', () => this.#client.pexpire(key, ttlMs));
      // it expired in between: it is claimed as a new one
      if (kept === 1 && owner === tenant) return true;
    }
  }

  async release(id: string): Promise<void> {
    await this.#wait('object_release', () => this.#client.del(this.#layout.accountObject(id)));
  }

  async #owner(id: string): Promise<string | undefined> {
    const tenant = await this.#wait('object_owner', () => this.#client.get(this.#layout.accountObject(id)));
    return tenant ?? undefined;
  }
}
