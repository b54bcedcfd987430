/** A record to store, and the ids of the items that lead to it. */
export interface ResponseRecord {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly itemIds: readonly string[];
}

/** Keeps answers of the Responses API for a while, each under its tenant. */
export interface StoredResponses {
  /** Returns the bytes of each record, undefined for one that the tenant does not have. */
  find(tenant: string, ids: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Returns the id of the record of each item, undefined for an item that no record of the tenant has. */
  findByItem(tenant: string, itemIds: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Keeps or replaces a record for `ttlMs`. */
  keep(tenant: string, record: ResponseRecord, ttlMs: number): Promise<void>;
  /** Returns whether there was one. */
  remove(tenant: string, id: string): Promise<boolean>;
}
