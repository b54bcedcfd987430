import { type KeyRecord, type Keys, type Rotation, rotated } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const PUT = new Script('put-key');
const ROTATE = new Script('rotate-key');
const REVOKE = new Script('revoke-key');

export interface RedisKeysOptions {
  readonly state: RedisClient;
  readonly subscriber: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
}

/** Keys shared by all replicas. Their number is bounded by how many an administrator makes, so they have no time to live. */
export class RedisKeys implements Keys {
  readonly #options: RedisKeysOptions;
  readonly #listeners = new Set<(hash: string | undefined) => void>();

  constructor(options: RedisKeysOptions) {
    this.#options = options;
    const { subscriber, layout } = options;
    subscriber.on('message', (channel: string, hash: string) => {
      if (channel === layout.keyChannel) this.#tell(hash);
    });
    // while the connection was down, news may have been missed
    subscriber.on('close', () => this.#tell(undefined));
    const listen = (): void => {
      subscriber.subscribe(layout.keyChannel).then(
        () => this.#tell(undefined),
        () => {
          // the connection broke again; it is tried again when it is back
        },
      );
    };
    subscriber.on('ready', listen);
    if (subscriber.status === 'ready') listen();
  }

  async find(hash: string): Promise<KeyRecord | undefined> {
    const { state, layout, wait } = this.#options;
    const text = await wait('key_find', state.hget(layout.keyRecords, hash));
    return text === null ? undefined : (JSON.parse(text) as KeyRecord);
  }

  async list(): Promise<readonly KeyRecord[]> {
    const { state, layout, wait } = this.#options;
    const texts = await wait('key_list', state.hvals(layout.keyRecords));
    const records = texts.map((text) => JSON.parse(text) as KeyRecord);
    return records.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async put(record: KeyRecord): Promise<boolean> {
    const { state, layout, wait } = this.#options;
    const args = [record.hash, record.name, JSON.stringify(record), layout.keyChannel];
    return (await wait('key_put', PUT.run(state, [layout.keyRecords, layout.keyNames], args))) === 1;
  }

  async rotate(name: string, rotation: Rotation): Promise<KeyRecord | undefined> {
    const { state, layout, wait } = this.#options;
    const keys = [layout.keyRecords, layout.keyNames];
    for (;;) {
      const hash = await wait('key_rotate', state.hget(layout.keyNames, name));
      const text = hash === null ? null : await wait('key_rotate', state.hget(layout.keyRecords, hash));
      if (hash === null || text === null) return undefined;
      const record = JSON.parse(text) as KeyRecord;
      if (record.revokedAtMs !== undefined) return undefined;
      const { old, next } = rotated(record, rotation);
      const args = [name, hash, text, JSON.stringify(old), next.hash, JSON.stringify(next), layout.keyChannel];
      // who came second reads what the first one wrote
      if ((await wait('key_rotate', ROTATE.run(state, keys, args))) === 1) return next;
    }
  }

  async revoke(name: string, atMs: number): Promise<boolean> {
    const { state, layout, wait } = this.#options;
    const args = [name, atMs, layout.keyChannel];
    return (await wait('key_revoke', REVOKE.run(state, [layout.keyRecords, layout.keyNames], args))) === 1;
  }

  onChange(listener: (hash: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(hash: string | undefined): void {
    for (const listener of this.#listeners) listener(hash);
  }
}
