import { randomUUID } from 'node:crypto';
import { type DependencyHealth, LlmError, noopHealth } from '@sluice/core';
import type { Conversations } from '@sluice/store/ports';
import { askStore } from './ask-store.ts';
import { isId, isJson, type Json, parsed } from './record.ts';
import { Sealing } from './sealing.ts';

export interface ConversationArchiveOptions {
  readonly store: Conversations;
  /** Lifetime of a conversation after its last change, in ms. */
  readonly ttlMs: number;
  /** Maximum size of a conversation, in bytes. */
  readonly maxBytes: number;
  /** Secret for sealing heads and items. */
  readonly encryptionKey?: string | undefined;
  readonly health?: DependencyHealth;
}

/** A stored conversation. */
export interface Conversation {
  readonly id: string;
  /** In seconds since the epoch. */
  readonly createdAtS: number;
  readonly metadata: Json;
  /** In the order in which they were added. */
  readonly items: readonly Json[];
  /** Size of the items in the store. */
  readonly bytes: number;
  /** The positions of the items in the store. */
  readonly positions: readonly number[];
}

const WHAT = 'Stored conversations';
/** Maximum number of items of a conversation: a response adds a few. */
const MAX_ITEMS = 10_000;

/** Stores conversations and finds them for their tenant. */
export class ConversationArchive {
  readonly #options: ConversationArchiveOptions;
  readonly #sealing: Sealing;
  readonly #health: DependencyHealth;
  /** Items in flight to the store, by tenant and conversation. */
  readonly #pending = new Map<string, Promise<void>>();

  constructor(options: ConversationArchiveOptions) {
    this.#options = options;
    this.#sealing = new Sealing(options.encryptionKey);
    this.#health = options.health ?? noopHealth;
  }

  /**
   * Creates a conversation with a new id. @throws LlmError `responses_unavailable`, `invalid_request` if the items exceed the
   * limits
   */
  async create(tenant: string, metadata: Json, items: readonly Json[]): Promise<Conversation> {
    const { store, ttlMs } = this.#options;
    const id = `conv_${randomUUID().replaceAll('-', '')}`;
    const createdAtS = Math.floor(Date.now() / 1_000);
    const empty = { id, createdAtS, metadata, items: [], bytes: 0, positions: [] };
    this.requireRoom(empty, items);
    const head = this.#seal({ createdAtS, metadata }, tenant, id);
    const sealed = items.map((item) => this.#seal(item, tenant, id));
    await this.#ask(() => store.create(tenant, id, head, sealed, ttlMs));
    return { ...empty, items };
  }

  /** Returns undefined for a conversation that the tenant does not own. @throws LlmError `responses_unavailable` */
  async find(tenant: string, id: string): Promise<Conversation | undefined> {
    if (!isId(id)) return undefined;
    await this.#pending.get(nameOf(tenant, id));
    const found = await this.#ask(() => this.#options.store.find(tenant, id));
    const head = found && this.#open(found.head, tenant, id);
    if (found === undefined || head === undefined) return undefined;
    const { createdAtS, metadata } = head;
    const placed = found.items.flatMap(({ position, bytes }) => {
      const item = this.#open(bytes, tenant, id);
      return item === undefined ? [] : [{ position, item, size: bytes.length }];
    });
    return {
      id,
      createdAtS: typeof createdAtS === 'number' ? createdAtS : 0,
      metadata: isJson(metadata) ? metadata : {},
      items: placed.map(({ item }) => item),
      bytes: placed.reduce((sum, { size }) => sum + size, 0),
      positions: placed.map(({ position }) => position),
    };
  }

  /** Checks that a conversation has room for more items. @throws LlmError `invalid_request` */
  requireRoom({ id, items, bytes }: Conversation, added: readonly Json[]): void {
    const size = bytes + added.reduce((sum, item) => sum + JSON.stringify(item).length, 0);
    if (size <= this.#options.maxBytes && items.length + added.length <= MAX_ITEMS) return;
    const most = `${this.#options.maxBytes} bytes or ${MAX_ITEMS} items`;
    throw new LlmError('invalid_request', `The conversation '${id}' would exceed ${most}. Start a new one.`, {
      param: 'conversation',
    });
  }

  /** Adds items. Returns false if the conversation no longer exists. @throws LlmError `responses_unavailable` */
  add(tenant: string, id: string, items: readonly Json[]): Promise<boolean> {
    const { store, ttlMs } = this.#options;
    const sealed = items.map((item) => this.#seal(item, tenant, id));
    return this.#ask(() => store.change(tenant, id, { items: sealed }, ttlMs));
  }

  /** Adds the items of a response. A failure is reported and does not affect the response. */
  async addTurn(tenant: string, id: string, items: readonly Json[]): Promise<void> {
    const name = nameOf(tenant, id);
    const before = this.#pending.get(name) ?? Promise.resolve();
    const added = before
      .then(() => this.add(tenant, id, items))
      .then(
        () => undefined,
        () => undefined,
      );
    this.#pending.set(name, added);
    await added;
    if (this.#pending.get(name) === added) this.#pending.delete(name);
  }

  /** Replaces the metadata. Returns false if the conversation no longer exists. @throws LlmError `responses_unavailable` */
  describe(tenant: string, { id, createdAtS }: Conversation, metadata: Json): Promise<boolean> {
    const { store, ttlMs } = this.#options;
    return this.#ask(() => store.change(tenant, id, { head: this.#seal({ createdAtS, metadata }, tenant, id) }, ttlMs));
  }

  /** Returns whether an item was removed. @throws LlmError `responses_unavailable` */
  async removeItem(tenant: string, { id, items, positions }: Conversation, itemId: string): Promise<boolean> {
    const position = positions[items.findIndex((item) => item['id'] === itemId)];
    if (position === undefined) return false;
    return await this.#ask(() => this.#options.store.removeItem(tenant, id, position));
  }

  /** Returns whether a conversation was removed. @throws LlmError `responses_unavailable` */
  remove(tenant: string, id: string): Promise<boolean> {
    return this.#ask(() => this.#options.store.remove(tenant, id));
  }

  #ask<T>(ask: () => Promise<T>): Promise<T> {
    return askStore(this.#health, WHAT, ask);
  }

  #seal(value: Json, tenant: string, id: string): Buffer {
    return this.#sealing.seal(Buffer.from(JSON.stringify(value)), nameOf(tenant, id));
  }

  #open(bytes: Uint8Array, tenant: string, id: string): Json | undefined {
    const opened = this.#sealing.open(bytes, nameOf(tenant, id));
    return opened === undefined ? undefined : parsed(opened.toString('utf8'));
  }
}

/** Tenant names contain no space, so the name is unambiguous. */
const nameOf = (tenant: string, id: string): string => `${tenant} ${id}`;
