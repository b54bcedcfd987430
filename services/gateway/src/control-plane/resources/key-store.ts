import type { Clock } from '@sluice/core';
import type { KeyRecord } from '@sluice/store/ports';
import type { ConfiguredKeys } from '../../identity/configured-keys.ts';
import { AdminError, notFound } from '../admin-error.ts';
import type { Edited, ResourceStore } from './resource-store.ts';

/** Stores keys. A key is not deleted but revoked, so that its name and secrets stay refused. */
export class KeyStore implements ResourceStore<KeyRecord> {
  readonly #keys: ConfiguredKeys;
  readonly #clock: Clock;

  constructor(keys: ConfiguredKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Does nothing: keys are always read from the store. */
  async refresh(): Promise<void> {}

  find(name: string): Promise<KeyRecord | undefined> {
    return this.#keys.named(name);
  }

  create(record: KeyRecord, change: string): Promise<boolean> {
    return this.#keys.put(record, change);
  }

  async change({ name }: KeyRecord, edit: (record: KeyRecord) => Edited<KeyRecord>): Promise<KeyRecord> {
    const record = await this.#keys.change(name, edit);
    if (record === undefined) throw revoked(name);
    return record;
  }

  async remove(before: KeyRecord, line: (after: KeyRecord) => string): Promise<void> {
    const atMs = this.#clock.now();
    // a repeated revocation notifies the replicas again, but is not a further change
    const change = before.revokedAtMs === undefined ? line({ ...before, revokedAtMs: atMs }) : undefined;
    if (!(await this.#keys.revoke(before.name, atMs, change))) throw notFound('key of that name');
  }
}

/** Returns the refusal to change a revoked key. */
export const revoked = (name: string): AdminError =>
  new AdminError(409, 'conflict', `The key '${name}' is revoked. Create another one.`);
