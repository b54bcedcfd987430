import {
  asReplaced,
  type KeyChange,
  type KeyRecord,
  type Keys,
  MAX_JOURNAL_ENTRIES,
  type Rotation,
  rotated,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Notifications } from './notifications.ts';
import { Script } from './script.ts';

const PUT = new Script('put-key');
const CHANGE = new Script('change-key');
const ROTATE = new Script('rotate-key');
const REVOKE = new Script('revoke-key');

export interface RedisKeysOptions {
  readonly state: RedisClient;
  readonly subscriber: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Deadline of commands that only administrators wait for. */
  readonly waitLonger: Wait;
}

/** Keys shared by all replicas. They have no time to live, because administrators bound their number. */
export class RedisKeys implements Keys {
  readonly #options: RedisKeysOptions;
  /** Returns the Redis keys that one script uses. */
  readonly #keys: readonly string[];
  readonly #news: Notifications;

  constructor(options: RedisKeysOptions) {
    this.#options = options;
    const { subscriber, layout } = options;
    this.#keys = [layout.keyRecords, layout.keyNames, layout.journal];
    this.#news = new Notifications(subscriber, layout.keyChannel);
  }

  async find(hash: string): Promise<KeyRecord | undefined> {
    const record = readRecord(await this.#text(hash));
    if (record?.replacedAtMs === undefined) return record;
    const now = await this.named(record.name);
    return now === undefined ? record : asReplaced(record, now);
  }

  async named(name: string): Promise<KeyRecord | undefined> {
    return (await this.#newest(name))?.record;
  }

  async list(count: number, after = ''): Promise<readonly KeyRecord[]> {
    const { state, layout, waitLonger } = this.#options;
    const names = (await waitLonger('key_list', () => state.hkeys(layout.keyNames))).filter((name) => name > after).sort();
    const part = names.slice(0, count);
    if (part.length === 0) return [];
    const hashes = (await waitLonger('key_list', () => state.hmget(layout.keyNames, ...part))).filter((hash) => hash !== null);
    if (hashes.length === 0) return [];
    const texts = await waitLonger('key_list', () => state.hmget(layout.keyRecords, ...hashes));
    return texts.map(readRecord).filter((record) => record !== undefined);
  }

  async put(record: KeyRecord, change = ''): Promise<boolean> {
    const { state, layout, waitLonger } = this.#options;
    const args = [record.hash, record.name, JSON.stringify(record), layout.keyChannel, change, MAX_JOURNAL_ENTRIES];
    return (await waitLonger('key_put', () => PUT.run(state, this.#keys, args))) === 1;
  }

  async change(name: string, edit: (record: KeyRecord) => KeyChange): Promise<KeyRecord | undefined> {
    const { state, layout, waitLonger } = this.#options;
    for (;;) {
      const newest = await this.#newest(name);
      if (newest === undefined || newest.record.revokedAtMs !== undefined) return undefined;
      const { hash } = newest.record;
      const { record, change } = edit(newest.record);
      const args = [name, hash, newest.text, JSON.stringify(record), layout.keyChannel, change, MAX_JOURNAL_ENTRIES];
      // the second writer reads the first one's record
      if ((await waitLonger('key_change', () => CHANGE.run(state, this.#keys, args))) === 1) return record;
    }
  }

  async rotate(name: string, rotation: Rotation, change = ''): Promise<KeyRecord | undefined> {
    const { state, layout, waitLonger } = this.#options;
    for (;;) {
      const newest = await this.#newest(name);
      if (newest === undefined || newest.record.revokedAtMs !== undefined) return undefined;
      const { old, next } = rotated(newest.record, rotation);
      const [before, after] = [JSON.stringify(old), JSON.stringify(next)];
      const args = [name, old.hash, newest.text, before, next.hash, after, layout.keyChannel, change, MAX_JOURNAL_ENTRIES];
      if ((await waitLonger('key_rotate', () => ROTATE.run(state, this.#keys, args))) === 1) return next;
    }
  }

  async revoke(name: string, atMs: number, change = ''): Promise<boolean> {
    const { state, layout, waitLonger } = this.#options;
    const args = [name, atMs, layout.keyChannel, change, MAX_JOURNAL_ENTRIES];
    return (await waitLonger('key_revoke', () => REVOKE.run(state, this.#keys, args))) === 1;
  }

  onChange(listener: (hash: string | undefined) => void): () => void {
    return this.#news.onNews(listener);
  }

  #text(hash: string): Promise<string | null> {
    const { state, layout, wait } = this.#options;
    return wait('key_find', () => state.hget(layout.keyRecords, hash));
  }

  async #newest(name: string): Promise<{ record: KeyRecord; text: string } | undefined> {
    const { state, layout, wait } = this.#options;
    const hash = await wait('key_find', () => state.hget(layout.keyNames, name));
    const text = hash === null ? null : await this.#text(hash);
    const record = readRecord(text);
    return record === undefined || text === null ? undefined : { record, text };
  }
}

const readRecord = (text: string | null): KeyRecord | undefined => (text === null ? undefined : (JSON.parse(text) as KeyRecord));
