import { type KeyRecord, type Keys, type Rotation, rotated } from '../ports/index.ts';

/** Keys of one process. */
export class MemoryKeys implements Keys {
  readonly #byHash = new Map<string, KeyRecord>();
  readonly #hashByName = new Map<string, string>();
  readonly #listeners = new Set<(hash: string | undefined) => void>();

  async find(hash: string): Promise<KeyRecord | undefined> {
    return this.#byHash.get(hash);
  }

  async list(): Promise<readonly KeyRecord[]> {
    return [...this.#byHash.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async put(record: KeyRecord): Promise<boolean> {
    const owner = this.#hashByName.get(record.name);
    if (owner !== undefined && owner !== record.hash && this.#byHash.get(owner)?.revokedAtMs === undefined) return false;
    if (this.#byHash.get(record.hash)?.revokedAtMs !== undefined) return true;
    this.#byHash.set(record.hash, record);
    this.#hashByName.set(record.name, record.hash);
    this.#tell(record.hash);
    return true;
  }

  async rotate(name: string, rotation: Rotation): Promise<KeyRecord | undefined> {
    const record = this.#byHash.get(this.#hashByName.get(name) ?? '');
    if (record === undefined || record.revokedAtMs !== undefined) return undefined;
    const { old, next } = rotated(record, rotation);
    for (const one of [old, next]) this.#byHash.set(one.hash, one);
    this.#hashByName.set(name, next.hash);
    for (const one of [old, next]) this.#tell(one.hash);
    return next;
  }

  async revoke(name: string, atMs: number): Promise<boolean> {
    let record = this.#byHash.get(this.#hashByName.get(name) ?? '');
    if (record === undefined) return false;
    for (; record !== undefined; record = this.#byHash.get(record.previousHash ?? '')) {
      if (record.revokedAtMs === undefined) this.#byHash.set(record.hash, { ...record, revokedAtMs: atMs });
      this.#tell(record.hash);
    }
    return true;
  }

  onChange(listener: (hash: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(hash: string): void {
    for (const listener of this.#listeners) listener(hash);
  }
}
