import type { Limits } from '@sluice/core';

/** What is kept of an API key: everything but the key. */
export interface KeyRecord {
  readonly name: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly team?: string;
  readonly models?: readonly string[];
  readonly limits: Limits;
  /** Milliseconds since the epoch; after it the key is refused. */
  readonly expiresAtMs?: number;
  /** Not known of a key that the configuration has. */
  readonly createdAtMs?: number;
  readonly revokedAtMs?: number;
}

/** API keys by the hash of their secret. */
export interface Keys {
  /** The record, a revoked one included. */
  find(hash: string): Promise<KeyRecord | undefined>;
  /** All records, revoked ones included, by name. */
  list(): Promise<readonly KeyRecord[]>;
  /**
   * Writes a record. A revoked key stays revoked whatever is written. False if its name belongs to another key that is not revoked.
   */
  put(record: KeyRecord): Promise<boolean>;
  /** Revokes the key of that name; every replica hears of it. False if there is none. */
  revoke(name: string, atMs: number): Promise<boolean>;
  /**
   * Tells of keys that were written or revoked anywhere, by hash; `undefined` says that news may have been missed and nothing that is
   * remembered may be trusted. Returns how to stop listening.
   */
  onChange(listener: (hash: string | undefined) => void): () => void;
}
