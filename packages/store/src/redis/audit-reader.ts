import { randomUUID } from 'node:crypto';
import type { AuditPage, AuditReader, AuditReaderOptions, StoredRecord } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';

type Entry = readonly [position: string, fields: readonly string[] | null];

/** Parses a reply of XINFO, a list of alternating names and values. */
function infoOf(reply: unknown): ReadonlyMap<string, unknown> {
  const list = reply as unknown[];
  return new Map(list.flatMap((name, n) => (n % 2 === 0 ? [[String(name), list[n + 1]] as const] : [])));
}

const keptOf = ([position, fields]: Entry): StoredRecord => ({ position, record: fields?.[1] ?? '' });

/** Reads the stream of all replicas as a consumer of a group. Redis stores the position of the group. */
export class RedisAuditReader implements AuditReader {
  readonly #client: RedisClient;
  readonly #stream: string;
  readonly #group: string;
  readonly #claimAfterMs: number;
  readonly #name = randomUUID();

  constructor(client: RedisClient, stream: string, { group, claimAfterMs }: AuditReaderOptions) {
    this.#client = client;
    this.#stream = stream;
    this.#group = group;
    this.#claimAfterMs = claimAfterMs;
  }

  read(count: number): Promise<AuditPage> {
    return this.#withGroup(async () => {
      const { entries, gone } = await this.#claim(count);
      if (entries.length > 0) return { records: entries.map(keptOf), lost: gone };
      const lost = gone + (await this.#trimmedUnread());
      const reply = await this.#client.xreadgroup('GROUP', this.#group, this.#name, 'COUNT', count, 'STREAMS', this.#stream, '>');
      const [[, fresh] = ['', []]] = (reply ?? []) as [string, Entry[]][];
      return { records: fresh.map(keptOf), lost };
    });
  }

  async finish(positions: readonly string[]): Promise<void> {
    if (positions.length > 0) await this.#client.xack(this.#stream, this.#group, ...positions);
  }

  behind(): Promise<number> {
    return this.#withGroup(async () => {
      const group = await this.#groupInfo();
      const lag = group.get('lag');
      // after a trim Redis may report no lag: the length of the stream is its upper bound
      const unread = typeof lag === 'number' ? lag : await this.#client.xlen(this.#stream);
      return unread + Number(group.get('pending') ?? 0);
    });
  }

  async close(): Promise<void> {
    const consumers = ((await this.#client.xinfo('CONSUMERS', this.#stream, this.#group)) as unknown[]).map(infoOf);
    const own = consumers.find((consumer) => consumer.get('name') === this.#name);
    // Redis discards the open records of a deleted reader
    if (own?.get('pending') === 0) await this.#client.xgroup('DELCONSUMER', this.#stream, this.#group, this.#name);
  }

  /** Claims records that another reader has not finished in time. Also returns how many of them the stream has dropped. */
  async #claim(count: number): Promise<{ entries: Entry[]; gone: number }> {
    const args = [this.#stream, this.#group, this.#name, this.#claimAfterMs, '0-0', 'COUNT', count] as const;
    const [, entries, deleted = []] = (await this.#client.xautoclaim(...args)) as [string, Entry[], string[]?];
    return { entries: entries.filter(([, fields]) => fields !== null), gone: deleted.length };
  }

  /** Returns how many records were dropped from the stream before the group read them. */
  async #trimmedUnread(): Promise<number> {
    const [stream, group] = await Promise.all([this.#client.xinfo('STREAM', this.#stream).then(infoOf), this.#groupInfo()]);
    const [added, length, read] = [stream.get('entries-added'), stream.get('length'), group.get('entries-read')];
    if (typeof added !== 'number' || typeof length !== 'number') return 0;
    return Math.max(0, added - length - (typeof read === 'number' ? read : 0));
  }

  async #groupInfo(): Promise<ReadonlyMap<string, unknown>> {
    const groups = ((await this.#client.xinfo('GROUPS', this.#stream)) as unknown[]).map(infoOf);
    return groups.find((group) => group.get('name') === this.#group) ?? new Map();
  }

  /** Creates the group if it is missing: at first, and after Redis lost its data. */
  async #withGroup<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error && /NOGROUP|no such key/.test(error.message))) throw error;
      await this.#client.xgroup('CREATE', this.#stream, this.#group, '0', 'MKSTREAM').catch((made: unknown) => {
        // another replica was first
        if (!(made instanceof Error && made.message.startsWith('BUSYGROUP'))) throw made;
      });
      return work();
    }
  }
}
