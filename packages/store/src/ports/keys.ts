import { type CacheTerms, defined, type LimitSettings } from '@sluice/core';

/** The stored record of an API key: everything but the key itself. */
export interface KeyRecord {
  readonly name: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly team?: string;
  readonly models?: readonly string[];
  /** The routes that the key may use (`/v1/chat/completions`), with `*` for any characters; all by default. */
  readonly routes?: readonly string[];
  /** Addresses and networks from which the key may be used (`10.0.0.0/8`); any by default. */
  readonly allowedIps?: readonly string[];
  readonly limits: LimitSettings;
  /** Limits of each end user of the key, by the tag `user`. */
  readonly users?: LimitSettings;
  /** Tags of every call with the key. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What the cache does for its calls, where it differs from the configuration. */
  readonly cache?: CacheTerms;
  /** Labels for administrators; the gateway does not interpret them. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The time since which the key is refused, until it is unblocked. */
  readonly blockedAtMs?: number;
  /**
   * Defined in the configuration file. The stored record holds only state changes (revocation) and does not authenticate alone.
   */
  readonly configured?: true;
  /** Milliseconds since the epoch; after it the key is refused. */
  readonly expiresAtMs?: number;
  /** Undefined for a key from the configuration. */
  readonly createdAtMs?: number;
  readonly revokedAtMs?: number;
  /** The time at which this secret replaced another one, whose hash is `previousHash`. */
  readonly rotatedAtMs?: number;
  readonly previousHash?: string;
  /** The time at which another secret replaced this one; this one is valid until `expiresAtMs`. */
  readonly replacedAtMs?: number;
}

/** The replacement of a key's secret. */
export interface Rotation {
  /** SHA-256 of the new secret, in hex. */
  readonly hash: string;
  readonly atMs: number;
  /** The old secret is valid until then, or until the key's own expiry if that is sooner. */
  readonly oldUntilMs: number;
}

/** Returns the records of the old and the new secret. */
export function rotated(record: KeyRecord, { hash, atMs, oldUntilMs }: Rotation): { old: KeyRecord; next: KeyRecord } {
  const expiresAtMs = Math.min(record.expiresAtMs ?? oldUntilMs, oldUntilMs);
  return {
    old: { ...record, expiresAtMs, replacedAtMs: atMs },
    next: { ...record, hash, rotatedAtMs: atMs, previousHash: record.hash },
  };
}

/** Returns the record of an old secret with the current terms of its key. Only the expiry is its own. */
export function asReplaced(old: KeyRecord, now: KeyRecord): KeyRecord {
  const { hash, replacedAtMs, revokedAtMs } = old;
  const { previousHash: _previous, rotatedAtMs: _rotated, ...terms } = now;
  const ends = [old.expiresAtMs, now.expiresAtMs].filter((end) => end !== undefined);
  return {
    ...terms,
    hash,
    expiresAtMs: Math.min(...ends),
    ...defined({ replacedAtMs, revokedAtMs }),
  };
}

/** A change of a key by an administrator, and its journal entry: a line of JSON. */
export interface KeyChange {
  readonly record: KeyRecord;
  readonly change: string;
}

/**
 * API keys by the hash of their secret, one per name. A change and its entry in the registry's journal are written together or
 * not at all.
 */
export interface Keys {
  /** Returns the record, also of a revoked key. The record of a replaced secret has the current values of its key. */
  find(hash: string): Promise<KeyRecord | undefined>;
  /** Returns the key of that name with its newest secret. A revoked key is returned until the name is given again. */
  named(name: string): Promise<KeyRecord | undefined>;
  /** Returns the first `count` keys after a name, by name, each with its newest secret; revoked keys included. */
  list(count: number, after?: string): Promise<readonly KeyRecord[]>;
  /**
   * Writes a record. A revoked key stays revoked whatever is written. False if its name belongs to another key that is not revoked.
   */
  put(record: KeyRecord, change?: string): Promise<boolean>;
  /**
   * Replaces a key by the result of `edit` and informs all replicas. Name, secret and chain do not change. If another change
   * came first, `edit` runs again. Returns the new record, or undefined if no such key is active.
   */
  change(name: string, edit: (record: KeyRecord) => KeyChange): Promise<KeyRecord | undefined>;
  /** Gives the key another secret and informs all replicas. Returns the new record, or undefined if no such key is active. */
  rotate(name: string, rotation: Rotation, change?: string): Promise<KeyRecord | undefined>;
  /** Revokes the key with all its earlier secrets, and informs all replicas. False if it does not exist. */
  revoke(name: string, atMs: number, change?: string): Promise<boolean>;
  /**
   * Reports keys that any replica wrote or revoked, by hash. `undefined` means that notifications may have been missed and
   * caches must be discarded. Returns a function that stops listening.
   */
  onChange(listener: (hash: string | undefined) => void): () => void;
}
