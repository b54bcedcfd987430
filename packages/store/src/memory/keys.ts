import { asReplaced, type KeyChange, type KeyRecord, type Keys, type Registry, type Rotation, rotated } from '../ports/index.ts';

/** Keys of a single process. */
export class MemoryKeys implements Keys {
  readonly #journal: Pick<Registry, 'note'>;
  readonly #byHash = new Map<string, KeyRecord>();
  readonly #hashByName = new Map<string, string>();
  readonly #listeners = new Set<(hash: string | undefined) => void>();

  constructor(journal: Pick<Registry, 'note'>) {
    this.#journal = journal;
  }

  async find(hash: string): Promise<KeyRecord | undefined> {
    const record = this.#byHash.get(hash);
    const now = record?.replacedAtMs === undefined ? undefined : this.#newest(record.name);
    return record === undefined || now === undefined ? record : asReplaced(record, now);
  }

  async named(name: string): Promise<KeyRecord | undefined> {
    return this.#newest(name);
  }

  async list(count: number, after = ''): Promise<readonly KeyRecord[]> {
    const names = [...this.#hashByName.keys()].filter((name) => name > after).sort();
    return names.slice(0, count).map((name) => this.#newest(name) as KeyRecord);
  }

  async put(record: KeyRecord, change?: string): Promise<boolean> {
    const owner = this.#hashByName.get(record.name);
    if (owner !== undefined && owner !== record.hash && this.#byHash.get(owner)?.revokedAtMs === undefined) return false;
    if (this.#byHash.get(record.hash)?.revokedAtMs !== undefined) return true;
    this.#byHash.set(record.hash, record);
    this.#hashByName.set(record.name, record.hash);
    await this.#wrote([record], change);
    return true;
  }

  async change(name: string, edit: (record: KeyRecord) => KeyChange): Promise<KeyRecord | undefined> {
    const before = this.#newest(name);
    if (before === undefined || before.revokedAtMs !== undefined) return undefined;
    const { record, change } = edit(before);
    this.#byHash.set(record.hash, record);
    await this.#wrote(this.#chain(record), change);
    return record;
  }

  async rotate(name: string, rotation: Rotation, change?: string): Promise<KeyRecord | undefined> {
    const record = this.#newest(name);
    if (record === undefined || record.revokedAtMs !== undefined) return undefined;
    const { old, next } = rotated(record, rotation);
    for (const one of [old, next]) this.#byHash.set(one.hash, one);
    this.#hashByName.set(name, next.hash);
    await this.#wrote([old, next], change);
    return next;
  }

  async revoke(name: string, atMs: number, change?: string): Promise<boolean> {
    const newest = this.#newest(name);
    if (newest === undefined) return false;
    const chain = this.#chain(newest);
    for (const record of chain) {
      if (record.revokedAtMs === undefined) this.#byHash.set(record.hash, { ...record, revokedAtMs: atMs });
    }
    await this.#wrote(chain, change);
    return true;
  }

  onChange(listener: (hash: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #newest(name: string): KeyRecord | undefined {
    return this.#byHash.get(this.#hashByName.get(name) ?? '');
  }

  /** Returns the records of a key: one per secret. */
  #chain(newest: KeyRecord): KeyRecord[] {
    const chain: KeyRecord[] = [];
    for (let one: KeyRecord | undefined = newest; one !== undefined; one = this.#byHash.get(one.previousHash ?? '')) {
      chain.push(one);
    }
    return chain;
  }

  async #wrote(records: readonly KeyRecord[], change: string | undefined): Promise<void> {
    if (change !== undefined) await this.#journal.note(change);
    for (const { hash } of records) for (const listener of this.#listeners) listener(hash);
  }
}
