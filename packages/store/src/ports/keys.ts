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
  /** When the key got this secret in place of another one, whose hash is `previousHash`. */
  readonly rotatedAtMs?: number;
  readonly previousHash?: string;
  /** When the key got another secret; this one goes on until `expiresAtMs`. */
  readonly replacedAtMs?: number;
}

/** Another secret for a key. */
export interface Rotation {
  /** SHA-256 of the new secret, in hex. */
  readonly hash: string;
  readonly atMs: number;
  /** The old secret goes on until then, or until the key's own end where that is sooner. */
  readonly oldUntilMs: number;
}

/** A key's record of its old secret and of its new one. */
export function rotated(record: KeyRecord, { hash, atMs, oldUntilMs }: Rotation): { old: KeyRecord; next: KeyRecord } {
  const expiresAtMs = Math.min(record.expiresAtMs ?? oldUntilMs, oldUntilMs);
  return {
    old: { ...record, expiresAtMs, replacedAtMs: atMs },
    next: { ...record, hash, rotatedAtMs: atMs, previousHash: record.hash },
  };
}

/** API keys by the hash of their secret. */
export interface Keys {
  /** The record, a revoked one included. */
  find(hash: string): Promise<KeyRecord | undefined>;
  /** All records, revoked and replaced ones included, by name. */
  list(): Promise<readonly KeyRecord[]>;
  /**
   * Writes a record. A revoked key stays revoked whatever is written. False if its name belongs to another key that is not revoked.
   */
  put(record: KeyRecord): Promise<boolean>;
  /** Gives the key of that name another secret; every replica hears of it. Its new record, or undefined if there is none that is not revoked. */
  rotate(name: string, rotation: Rotation): Promise<KeyRecord | undefined>;
  /** Revokes the key of that name, with the secrets that it had before; every replica hears of it. False if there is none. */
  revoke(name: string, atMs: number): Promise<boolean>;
  /**
   * Tells of keys that were written or revoked anywhere, by hash; `undefined` says that news may have been missed and nothing that is
   * remembered may be trusted. Returns how to stop listening.
   */
  onChange(listener: (hash: string | undefined) => void): () => void;
}
