import { setTimeout as sleep } from 'node:timers/promises';
import { type DependencyHealth, noopHealth } from '@sluice/core';
import type { StoredResponses } from '@sluice/store/ports';
import { askStore } from './ask-store.ts';
import { isId, outputOf, parsed, recordOf, type StoredRecord } from './record.ts';
import { Sealing } from './sealing.ts';

export interface ArchiveOptions {
  readonly store: StoredResponses;
  /** Lifetime of a stored response, in ms. */
  readonly ttlMs: number;
  /** Maximum size of a record. Longer records are not stored. */
  readonly maxBytes: number;
  /** Secret for sealing records. */
  readonly encryptionKey?: string | undefined;
  readonly health?: DependencyHealth;
}

/** Delay before a missing record is looked up a second time, in ms: another replica may be writing it. */
const SECOND_LOOK_MS = 50;

/** Stores records of responses and finds them for their tenant. */
export class ResponseArchive {
  readonly #options: ArchiveOptions;
  readonly #sealing: Sealing;
  readonly #health: DependencyHealth;
  /** Records in flight to the store, by tenant and id. */
  readonly #pending = new Map<string, Promise<void>>();

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#sealing = new Sealing(options.encryptionKey);
    this.#health = options.health ?? noopHealth;
  }

  /**
   * Stores a record after the call: the response does not wait for the store. Returns false for a record that is not stored.
   */
  keep(tenant: string, record: StoredRecord): boolean {
    const { store, ttlMs, maxBytes } = this.#options;
    const id = record.response['id'];
    if (!isId(id)) return false;
    const name = nameOf(tenant, id);
    const json = Buffer.from(JSON.stringify(record));
    if (json.length > maxBytes) return false;
    const itemIds = outputOf(record).flatMap((item) => (isId(item['id']) ? [item['id']] : []));
    const kept = store.keep(tenant, { id, bytes: this.#sealing.seal(json, name), itemIds }, ttlMs).then(
      () => this.#health.success(),
      (error: unknown) => this.#health.failure(error),
    );
    this.#pending.set(name, kept);
    void kept.then(() => {
      if (this.#pending.get(name) === kept) this.#pending.delete(name);
    });
    return true;
  }

  /** Returns the records in the order of the ids. @throws LlmError `responses_unavailable` */
  async find(tenant: string, ids: readonly string[]): Promise<readonly (StoredRecord | undefined)[]> {
    const { store } = this.#options;
    await Promise.all(ids.map((id) => this.#pending.get(nameOf(tenant, id))));
    const found = await this.#twice(ids, (wanted) => store.find(tenant, wanted));
    return found.map((bytes, n) => (bytes === undefined ? undefined : this.#read(bytes, nameOf(tenant, ids[n] ?? ''))));
  }

  /** Returns the record of each item. @throws LlmError `responses_unavailable` */
  async findByItem(tenant: string, itemIds: readonly string[]): Promise<readonly (StoredRecord | undefined)[]> {
    const { store } = this.#options;
    await Promise.all(this.#pending.values());
    const ids = await this.#twice(itemIds, (wanted) => store.findByItem(tenant, wanted));
    const distinct = [...new Set(ids)].filter((id) => id !== undefined);
    const records = await this.find(tenant, distinct);
    const byId = new Map(distinct.map((id, n) => [id, records[n]]));
    return ids.map((id) => (id === undefined ? undefined : byId.get(id)));
  }

  /** Returns whether a record was removed. @throws LlmError `responses_unavailable` */
  remove(tenant: string, id: string): Promise<boolean> {
    return this.#askStore(() => this.#options.store.remove(tenant, id));
  }

  async #twice<T>(
    ids: readonly string[],
    look: (ids: readonly string[]) => Promise<readonly (T | undefined)[]>,
  ): Promise<readonly (T | undefined)[]> {
    if (ids.length === 0) return [];
    const found = await this.#askStore(() => look(ids));
    if (!found.includes(undefined)) return found;
    await sleep(SECOND_LOOK_MS);
    const missing = ids.filter((_, n) => found[n] === undefined);
    const second = await this.#askStore(() => look(missing));
    let next = 0;
    return found.map((value) => value ?? second[next++]);
  }

  #askStore<T>(ask: () => Promise<T>): Promise<T> {
    return askStore(this.#health, 'Stored responses', ask);
  }

  #read(bytes: Uint8Array, name: string): StoredRecord | undefined {
    const opened = this.#sealing.open(bytes, name);
    return opened === undefined ? undefined : recordOf(parsed(opened.toString('utf8')));
  }
}

/** Tenant names contain no space, so the name is unambiguous. */
const nameOf = (tenant: string, id: string): string => `${tenant} ${id}`;
