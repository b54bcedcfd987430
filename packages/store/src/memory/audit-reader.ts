import type { AuditPage, AuditReader, AuditReaderOptions, StoredRecord } from '../ports/index.ts';

/** The shared state of the readers of one group. */
export interface ReaderGroup {
  /** The number of the first record that no reader has received. */
  next: number;
  readonly pending: Map<string, { readonly record: string; atMs: number }>;
}

type ReadFrom = (from: number, count: number) => { begin: number; records: readonly string[]; end: number };

/** Reads the audit trail of a single process. */
export class MemoryAuditReader implements AuditReader {
  readonly #readFrom: ReadFrom;
  readonly #group: ReaderGroup;
  readonly #claimAfterMs: number;

  constructor(readFrom: ReadFrom, group: ReaderGroup, { claimAfterMs }: AuditReaderOptions) {
    this.#readFrom = readFrom;
    this.#group = group;
    this.#claimAfterMs = claimAfterMs;
  }

  async read(count: number): Promise<AuditPage> {
    const nowMs = performance.now();
    const { pending } = this.#group;
    const remaining = [...pending].filter(([, { atMs }]) => nowMs - atMs >= this.#claimAfterMs).slice(0, count);
    if (remaining.length > 0) {
      for (const [, one] of remaining) one.atMs = nowMs;
      return { records: remaining.map(([position, { record }]) => ({ position, record })), lost: 0 };
    }
    const { begin, records } = this.#readFrom(this.#group.next, count);
    const lost = begin - this.#group.next;
    this.#group.next = begin + records.length;
    const given = records.map((record, n): StoredRecord => ({ position: `${begin + n}-0`, record }));
    for (const { position, record } of given) pending.set(position, { record, atMs: nowMs });
    return { records: given, lost };
  }

  async finish(positions: readonly string[]): Promise<void> {
    for (const position of positions) this.#group.pending.delete(position);
  }

  async behind(): Promise<number> {
    return this.#readFrom(this.#group.next, 0).end - this.#group.next + this.#group.pending.size;
  }

  async close(): Promise<void> {}
}
