import type { AuditReaderOptions } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import { infoOf } from './stream-info.ts';

export type StreamEntry = readonly [id: string, fields: readonly string[] | null];

interface StreamState {
  /** Whether the stream may have records that the group has not received. */
  readonly fresh: boolean;
  /** Number of records that readers have received and not finished. */
  readonly pending: number;
  /** Number of records that were dropped from the stream before the group received them. */
  readonly lost: number;
  /** Number of records that the group has not received. */
  readonly unread: number;
}

const NO_STREAM: StreamState = { fresh: false, pending: 0, lost: 0, unread: 0 };

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
  async read(count: number, { fresh, pending, lost }: StreamState): Promise<{ entries: StreamEntry[]; lost: number }> {
    this.#hasRead = true;
    const claimed = pending === 0 ? { entries: [], gone: 0 } : await this.#claim(count);
    if (claimed.entries.length > 0 || !fresh) return { entries: claimed.entries, lost: claimed.gone };
    // another reader may have received records since, and must not report the same loss
    const lostNow = lost === 0 ? 0 : (await this.state()).lost;
    const reply = await this.#client.xreadgroup('GROUP', this.#group, this.#name, 'COUNT', count, 'STREAMS', this.#stream, '>');
    const [[, entries] = ['', []]] = (reply ?? []) as [string, StreamEntry[]][];
    return { entries, lost: claimed.gone + lostNow };
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
    const [stream, groups] = await Promise.all([
      this.#client.xinfo('STREAM', this.#stream).then(infoOf),
      this.#client.xinfo('GROUPS', this.#stream).then((reply) => (reply as unknown[]).map(infoOf)),
    ]);
    const group = groups.find((one) => one.get('name') === this.#group);
    if (group === undefined) return undefined;
    const [added, length, read] = [stream.get('entries-added'), stream.get('length'), group.get('entries-read')];
    const lag = group.get('lag');
    const known = typeof added === 'number' && typeof length === 'number';
    return {
      fresh: group.get('last-delivered-id') !== stream.get('last-generated-id'),
      pending: Number(group.get('pending') ?? 0),
      lost: known ? Math.max(0, added - length - (typeof read === 'number' ? read : 0)) : 0,
      // after a trim Redis may report no lag: the length of the stream is its upper bound
      unread: typeof lag === 'number' ? lag : Number(length),
    };
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
