import {
  MAX_JOURNAL_ENTRIES,
  type Registry,
  type RegistryKind,
  type RegistryRecords,
  type Replacement,
  type StoredRecord,
} from '../ports/index.ts';

type AnyRecord = RegistryRecords[RegistryKind];

/** Teams, tenants and administrators of a single process. */
export class MemoryRegistry implements Registry {
  readonly #records = new Map<string, AnyRecord>();
  readonly #listeners = new Set<() => void>();
  #journal: StoredRecord[] = [];
  #entries = 0;

  async list<Kind extends RegistryKind>(kind: Kind): Promise<readonly RegistryRecords[Kind][]> {
    const found = [...this.#records].filter(([key]) => key.startsWith(`${kind} `)).map(([, record]) => record);
    return (found as RegistryRecords[Kind][]).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async replace<Kind extends RegistryKind>({ kind, name, before, after, change }: Replacement<Kind>): Promise<boolean> {
    const key = `${kind} ${name}`;
    if (JSON.stringify(this.#records.get(key)) !== JSON.stringify(before)) return false;
    if (after === undefined) this.#records.delete(key);
    else this.#records.set(key, after);
    await this.note(change);
    for (const listener of this.#listeners) listener();
    return true;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async note(change: string): Promise<void> {
    this.#journal.push({ position: `${++this.#entries}-0`, record: change });
    if (this.#journal.length > MAX_JOURNAL_ENTRIES) this.#journal = this.#journal.slice(-MAX_JOURNAL_ENTRIES * 0.9);
  }

  async journal(count: number, before?: string): Promise<readonly StoredRecord[]> {
    const end = before === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(before, 10);
    return this.#journal
      .filter(({ position }) => Number.parseInt(position, 10) < end)
      .slice(-count)
      .reverse();
  }
}
