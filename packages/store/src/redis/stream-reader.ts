import type { AuditReaderOptions } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import { infoOf } from './stream-info.ts';

export type StreamEntry = readonly [id: string, fields: readonly string[] | null];

export interface StreamState {
  /** Number of records that the group has not received. Undefined if Redis does not know it. */
  readonly unread: number | undefined;
  /** Number of records that readers have received and not finished. */
  readonly pending: number;
}

const NO_STREAM: StreamState = { unread: 0, pending: 0 };

/** Reads one stream as a consumer of a group. Redis stores the position of the group. */
export class StreamReader {
  readonly #client: RedisClient;
  readonly #stream: string;
  readonly #group: string;
  readonly #claimAfterMs: number;
  readonly #name: string;
  #hasRead = false;

  /** @param name name of the consumer */
  constructor(client: RedisClient, stream: string, { group, claimAfterMs }: AuditReaderOptions, name: string) {
    this.#client = client;
    this.#stream = stream;
    this.#group = group;
    this.#claimAfterMs = claimAfterMs;
    this.#name = name;
  }

  /** Returns the state of the group, and creates it if only the stream exists. */
  async state(): Promise<StreamState> {
    try {
      const state = await this.#state();
      if (state !== undefined) return state;
      await this.#createGroup();
      return (await this.#state()) ?? NO_STREAM;
    } catch (error) {
      // nothing was ever added to this shard
      if (isMissing(error)) return NO_STREAM;
      throw error;
    }
  }

  /** Returns up to `count` unfinished entries: those of a crashed reader first, then new ones. */
  async read(count: number, { unread, pending }: StreamState): Promise<{ entries: StreamEntry[]; lost: number }> {
    this.#hasRead = true;
    const claimed = pending === 0 ? { entries: [], gone: 0 } : await this.#claim(count);
    if (claimed.entries.length > 0 || unread === 0) return { entries: claimed.entries, lost: claimed.gone };
    const lost = claimed.gone + (await this.#trimmedUnread());
    const reply = await this.#client.xreadgroup('GROUP', this.#group, this.#name, 'COUNT', count, 'STREAMS', this.#stream, '>');
    const [[, entries] = ['', []]] = (reply ?? []) as [string, StreamEntry[]][];
    return { entries, lost };
  }

  /** Returns the number of records that the group has not finished. */
  async behind(): Promise<number> {
    const { unread, pending } = await this.state();
    // after a trim Redis may not know the number: the length of the stream is its upper bound
    return pending + (unread ?? (await this.#client.xlen(this.#stream)));
  }

  async finish(ids: readonly string[]): Promise<void> {
    await this.#client.xack(this.#stream, this.#group, ...ids);
  }

  async close(): Promise<void> {
    if (!this.#hasRead) return;
    const consumers = ((await this.#client.xinfo('CONSUMERS', this.#stream, this.#group)) as unknown[]).map(infoOf);
    const own = consumers.find((consumer) => consumer.get('name') === this.#name);
    // Redis discards the open records of a deleted reader
    if (own?.get('pending') === 0) await this.#client.xgroup('DELCONSUMER', this.#stream, this.#group, this.#name);
  }

  /** Claims entries that another reader has not finished in time. Also returns how many of them the stream has dropped. */
  async #claim(count: number): Promise<{ entries: StreamEntry[]; gone: number }> {
    const args = [this.#stream, this.#group, this.#name, this.#claimAfterMs, '0-0', 'COUNT', count] as const;
    const [, entries, deleted = []] = (await this.#client.xautoclaim(...args)) as [string, StreamEntry[], string[]?];
    return { entries: entries.filter(([, fields]) => fields !== null), gone: deleted.length };
  }

  /** Returns the state of the group. Undefined if the group does not exist. */
  async #state(): Promise<StreamState | undefined> {
    const group = await this.#groupInfo();
    if (group === undefined) return undefined;
    const lag = group.get('lag');
    return { unread: typeof lag === 'number' ? lag : undefined, pending: Number(group.get('pending') ?? 0) };
  }

  /** Returns how many records were dropped from the stream before the group read them. */
  async #trimmedUnread(): Promise<number> {
    const [stream, group] = await Promise.all([this.#client.xinfo('STREAM', this.#stream).then(infoOf), this.#groupInfo()]);
    const [added, length, read] = [stream.get('entries-added'), stream.get('length'), group?.get('entries-read')];
    if (typeof added !== 'number' || typeof length !== 'number') return 0;
    return Math.max(0, added - length - (typeof read === 'number' ? read : 0));
  }

  async #groupInfo(): Promise<ReadonlyMap<string, unknown> | undefined> {
    const groups = ((await this.#client.xinfo('GROUPS', this.#stream)) as unknown[]).map(infoOf);
    return groups.find((group) => group.get('name') === this.#group);
  }

  async #createGroup(): Promise<void> {
    await this.#client.xgroup('CREATE', this.#stream, this.#group, '0').catch((error: unknown) => {
      // another replica was first
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
    });
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && /no such key|requires the key to exist/.test(error.message);
