import type { Limits } from '@sluice/core';

/** What is kept of an API key: everything but the key. */
export interface KeyRecord {
  readonly name: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly team?: string;
  readonly models?: readonly string[];
  /** The routes that it may use (`/v1/chat/completions`), with `*` for any letters; all of them where it is not given. */
  readonly routes?: readonly string[];
  /** Addresses and networks that it may be used from (`10.0.0.0/8`); from anywhere where it is not given. */
  readonly allowedIps?: readonly string[];
  readonly limits: Limits;
  /** What each of its end users may use, told apart by the tag `user`. */
  readonly users?: Limits;
  /** Tags of every call that is made with it. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Small facts about it, of no meaning to the gateway. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Since when it is not let in, until it is unblocked. */
  readonly blockedAtMs?: number;
  /** It stands in the configuration. What the store has of it only tells what became of it: by that alone nobody is let in. */
  readonly configured?: true;
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

/** An old secret's record has what its key has now; only its end is its own. */
export function asReplaced(old: KeyRecord, now: KeyRecord): KeyRecord {
  const { hash, replacedAtMs, revokedAtMs } = old;
  const { previousHash: _previous, rotatedAtMs: _rotated, ...terms } = now;
  const ends = [old.expiresAtMs, now.expiresAtMs].filter((end) => end !== undefined);
  return {
    ...terms,
    hash,
    expiresAtMs: Math.min(...ends),
    ...(replacedAtMs === undefined ? {} : { replacedAtMs }),
    ...(revokedAtMs === undefined ? {} : { revokedAtMs }),
  };
}

/** What an administrator makes of a key, and what is written to the journal with it: a line of JSON. */
export interface KeyChange {
  readonly record: KeyRecord;
  readonly change: string;
}

/** API keys by the hash of their secret, one of each name. What changes one is written to the journal of the registry with it, both or neither. */
export interface Keys {
  /** The record, a revoked one included. That of a replaced secret has what its key has now. */
  find(hash: string): Promise<KeyRecord | undefined>;
  /** The key of that name, with its newest secret; a revoked one until the name is given again. */
  named(name: string): Promise<KeyRecord | undefined>;
  /** The first `count` keys whose names come after one, by name, each with its newest secret; revoked ones included. */
  list(count: number, after?: string): Promise<readonly KeyRecord[]>;
  /**
   * Writes a record. A revoked key stays revoked whatever is written. False if its name belongs to another key that is not revoked.
   */
  put(record: KeyRecord, change?: string): Promise<boolean>;
  /**
   * Puts in place of a key what `edit` makes of it; every replica hears of it. Name, secret and chain stay. Where another one changed it meanwhile, it is
   * edited anew. Its new record, or undefined if there is none that is not revoked.
   */
  change(name: string, edit: (record: KeyRecord) => KeyChange): Promise<KeyRecord | undefined>;
  /** Gives the key of that name another secret; every replica hears of it. Its new record, or undefined if there is none that is not revoked. */
  rotate(name: string, rotation: Rotation, change?: string): Promise<KeyRecord | undefined>;
  /** Revokes the key of that name, with the secrets that it had before; every replica hears of it. False if there is none. */
  revoke(name: string, atMs: number, change?: string): Promise<boolean>;
  /**
   * Tells of keys that were written or revoked anywhere, by hash; `undefined` says that news may have been missed and nothing that is
   * remembered may be trusted. Returns how to stop listening.
   */
  onChange(listener: (hash: string | undefined) => void): () => void;
}
