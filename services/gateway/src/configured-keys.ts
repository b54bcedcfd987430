import type { GatewayConfig } from '@sluice/config';
import type { KeyRecord, Keys, Rotation } from '@sluice/store/ports';
import { hashSecret } from './key-cache.ts';

/** The keys that a configuration has, as records. */
export function keyRecordsOf(config: GatewayConfig): KeyRecord[] {
  return config.keys.map(({ name, secret, tenant, team, models, limits, budget }) => ({
    name,
    hash: hashSecret(secret),
    tenant: (team === undefined ? undefined : config.teams[team]?.tenant) ?? tenant ?? name,
    ...(team === undefined ? {} : { team }),
    limits: budget === undefined ? limits : { ...limits, budget },
    ...(models === undefined ? {} : { models }),
  }));
}

/**
 * The store's keys and the configuration's, as one. A configured key lives in the configuration alone, so that it goes when it is taken
 * out there; only that it was revoked is written to the store, and holds whatever the configuration says.
 */
export class ConfiguredKeys implements Keys {
  readonly #store: Keys;
  readonly #listeners = new Set<(hash: string | undefined) => void>();
  #byHash = new Map<string, KeyRecord>();
  #byName = new Map<string, KeyRecord>();

  constructor(store: Keys, records: readonly KeyRecord[]) {
    this.#store = store;
    this.configure(records);
  }

  /** Takes over the keys of another configuration. */
  configure(records: readonly KeyRecord[]): void {
    this.#byHash = new Map(records.map((record) => [record.hash, record]));
    this.#byName = new Map(records.map((record) => [record.name, record]));
    for (const listener of this.#listeners) listener(undefined);
  }

  async find(hash: string): Promise<KeyRecord | undefined> {
    const stored = await this.#store.find(hash);
    if (stored?.revokedAtMs !== undefined) return stored;
    return this.#byHash.get(hash) ?? stored;
  }

  async list(): Promise<readonly KeyRecord[]> {
    const stored = await this.#store.list();
    const revoked = new Set(stored.filter((record) => record.revokedAtMs !== undefined).map((record) => record.hash));
    const configured = [...this.#byHash.values()].filter((record) => !revoked.has(record.hash));
    const others = stored.filter((record) => revoked.has(record.hash) || !this.#byHash.has(record.hash));
    return [...configured, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async put(record: KeyRecord): Promise<boolean> {
    if (this.#byName.has(record.name)) return false;
    return this.#store.put(record);
  }

  /** A configured key has the secret that the configuration says: it is not rotated here. */
  async rotate(name: string, rotation: Rotation): Promise<KeyRecord | undefined> {
    return this.#byName.has(name) ? undefined : this.#store.rotate(name, rotation);
  }

  async revoke(name: string, atMs: number): Promise<boolean> {
    const configured = this.#byName.get(name);
    if (configured !== undefined) await this.#store.put(configured);
    return this.#store.revoke(name, atMs);
  }

  onChange(listener: (hash: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    const stop = this.#store.onChange(listener);
    return () => {
      this.#listeners.delete(listener);
      stop();
    };
  }
}
