import type { GatewayConfig } from '@sluice/config';
import { defined } from '@sluice/core';
import type { KeyChange, KeyRecord, Keys, Rotation } from '@sluice/store/ports';
import { hashSecret } from './key-cache.ts';
import { keyTerms } from './key-terms.ts';

/** Returns the records of the keys in a configuration. */
export function configuredKeyRecords(config: GatewayConfig): KeyRecord[] {
  return config.keys.map(({ name, secret, tenant, team, expiresAt, ...rest }) => ({
    name,
    hash: hashSecret(secret),
    configured: true,
    tenant: (team === undefined ? undefined : config.teams[team]?.tenant) ?? tenant ?? name,
    ...defined({ team }),
    ...(expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) }),
    ...keyTerms(rest),
  }));
}

/**
 * Combines the store's keys and the configured keys. A configured key exists in the configuration only, so it disappears when
 * it is removed there. Only its revocation is written to the store, and takes precedence over the configuration.
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

  /** Replaces the configured keys by those of another configuration. */
  configure(records: readonly KeyRecord[]): void {
    this.#byHash = new Map(records.map((record) => [record.hash, record]));
    this.#byName = new Map(records.map((record) => [record.name, record]));
    for (const listener of this.#listeners) listener(undefined);
  }

  async find(hash: string): Promise<KeyRecord | undefined> {
    const stored = await this.#store.find(hash);
    const configured = this.#byHash.get(hash);
    return configured === undefined ? ofStore(stored) : withState(configured, stored);
  }

  async named(name: string): Promise<KeyRecord | undefined> {
    const stored = await this.#store.named(name);
    const configured = this.#byName.get(name);
    return configured === undefined ? ofStore(stored) : withState(configured, stored);
  }

  async list(count: number, after = ''): Promise<readonly KeyRecord[]> {
    const stored = await this.#store.list(count, after);
    const states = new Map(stored.map((record) => [record.name, record]));
    const others = stored.filter((record) => !this.#byName.has(record.name) && ofStore(record) !== undefined);
    // stored keys after this page belong to the next page
    const until = stored.length < count ? undefined : stored.at(-1)?.name;
    const configured = [...this.#byName.values()].filter(({ name }) => name > after && (until === undefined || name <= until));
    return [...configured.map((record) => withState(record, states.get(record.name))), ...others]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, count);
  }

  async put(record: KeyRecord, change?: string): Promise<boolean> {
    if (this.#byName.has(record.name)) return false;
    return this.#store.put(record, change);
  }

  /** Changes a key. Of a configured key, only the blocked state can be changed. */
  async change(name: string, edit: (record: KeyRecord) => KeyChange): Promise<KeyRecord | undefined> {
    const configured = this.#byName.get(name);
    if (configured === undefined) return this.#store.change(name, edit);
    await this.#keepStateOf(configured);
    const changed = await this.#store.change(name, (stored) => {
      const { record, change } = edit(withState(configured, stored));
      return { record: withState(configured, record), change };
    });
    return changed === undefined ? undefined : withState(configured, changed);
  }

  /** Rotates a stored key. A configured key has its secret from the configuration and is not rotated here. */
  async rotate(name: string, rotation: Rotation, change?: string): Promise<KeyRecord | undefined> {
    return this.#byName.has(name) ? undefined : this.#store.rotate(name, rotation, change);
  }

  async revoke(name: string, atMs: number, change?: string): Promise<boolean> {
    const configured = this.#byName.get(name);
    if (configured !== undefined) await this.#keepStateOf(configured);
    return this.#store.revoke(name, atMs, change);
  }

  isConfigured(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Writes a configured key to the store, so that it can be blocked or revoked there. */
  async #keepStateOf(configured: KeyRecord): Promise<void> {
    if ((await this.#store.find(configured.hash)) !== undefined) return;
    if (await this.#store.put(configured)) return;
    // the stored record of that name belongs to an earlier secret of the configuration
    await this.#store.revoke(configured.name, Date.now());
    await this.#store.put(configured);
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

/**
 * Returns a key that exists in the store only. Returns undefined for the stored state of a key that was removed from the
 * configuration.
 */
const ofStore = (stored: KeyRecord | undefined): KeyRecord | undefined =>
  stored?.configured === true && stored.revokedAtMs === undefined ? undefined : stored;

/** Returns a configured key with the revoked or blocked state that the store holds for the same secret. */
function withState(configured: KeyRecord, stored: KeyRecord | undefined): KeyRecord {
  if (stored?.hash !== configured.hash) return configured;
  const { revokedAtMs, blockedAtMs } = stored;
  return { ...configured, ...defined({ revokedAtMs, blockedAtMs }) };
}
