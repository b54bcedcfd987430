import type { ConversationChange, Conversations, StoredConversation } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const CHANGE = new Script('change-conversation');

/** Conversations shared by all replicas: one hash per conversation, with one item per field. */
export class RedisConversations implements Conversations {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
  }

  async create(tenant: string, id: string, head: Uint8Array, items: readonly Uint8Array[], ttlMs: number): Promise<void> {
    await this.#change('1', tenant, id, { head, items }, ttlMs);
  }

  async find(tenant: string, id: string): Promise<StoredConversation | undefined> {
    const key = this.#layout.conversation(tenant, id);
    const fields = await this.#wait('conversation_find', () => this.#client.hgetallBuffer(key));
    const { head, next: _, ...items } = fields;
    if (head === undefined) return undefined;
    // an object lists its numeric names in ascending order
    return { head, items: Object.entries(items).map(([position, bytes]) => ({ position: Number(position), bytes })) };
  }

  change(tenant: string, id: string, change: ConversationChange, ttlMs: number): Promise<boolean> {
    return this.#change('0', tenant, id, change, ttlMs);
  }

  async removeItem(tenant: string, id: string, position: number): Promise<boolean> {
    const key = this.#layout.conversation(tenant, id);
    return (await this.#wait('conversation_change', () => this.#client.hdel(key, String(position)))) === 1;
  }

  async remove(tenant: string, id: string): Promise<boolean> {
    const key = this.#layout.conversation(tenant, id);
    return (await this.#wait('conversation_remove', () => this.#client.del(key))) === 1;
  }

  async #change(isNew: '0' | '1', tenant: string, id: string, change: ConversationChange, ttlMs: number): Promise<boolean> {
    const { head = Buffer.alloc(0), items = [] } = change;
    const args = [isNew, ttlMs, Buffer.from(head), ...items.map((bytes) => Buffer.from(bytes))];
    const keys = [this.#layout.conversation(tenant, id)];
    return (await this.#wait('conversation_change', () => CHANGE.run(this.#client, keys, args))) === 1;
  }
}
