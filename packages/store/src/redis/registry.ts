import {
  MAX_JOURNAL_ENTRIES,
  type Registry,
  type RegistryKind,
  type RegistryRecords,
  type Replacement,
  type StoredRecord,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Notifications } from './notifications.ts';
import { Script } from './script.ts';

const REPLACE = new Script('replace-record');

export interface RedisRegistryOptions {
  readonly state: RedisClient;
  readonly subscriber: RedisClient;
  readonly layout: KeyLayout;
  readonly waitLonger: Wait;
}

/** Teams, tenants and administrators shared by all replicas: one hash per kind, without a time to live. */
export class RedisRegistry implements Registry {
  readonly #options: RedisRegistryOptions;
  readonly #news: Notifications;

  constructor(options: RedisRegistryOptions) {
    this.#options = options;
    this.#news = new Notifications(options.subscriber, options.layout.registryChannel);
  }

  async list<Kind extends RegistryKind>(kind: Kind): Promise<readonly RegistryRecords[Kind][]> {
    const { state, layout, waitLonger } = this.#options;
    const texts = await waitLonger('registry_list', () => state.hvals(layout.registry(kind)));
    const records = texts.map((text) => JSON.parse(text) as RegistryRecords[Kind]);
    return records.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async replace<Kind extends RegistryKind>({ kind, name, before, after, change }: Replacement<Kind>): Promise<boolean> {
    const { state, layout, waitLonger } = this.#options;
    const text = (record: object | undefined): string => (record === undefined ? '' : JSON.stringify(record));
    const args = [name, text(before), text(after), layout.registryChannel, change, MAX_JOURNAL_ENTRIES];
    return (await waitLonger('registry_replace', () => REPLACE.run(state, [layout.registry(kind), layout.journal], args))) === 1;
  }

  onChange(listener: () => void): () => void {
    return this.#news.onNews(listener);
  }

  async note(change: string): Promise<void> {
    const { state, layout, waitLonger } = this.#options;
    await waitLonger('journal_note', () => state.xadd(layout.journal, 'MAXLEN', '~', MAX_JOURNAL_ENTRIES, '*', 'change', change));
  }

  async journal(count: number, before?: string): Promise<readonly StoredRecord[]> {
    const { state, layout, waitLonger } = this.#options;
    const end = before === undefined ? '+' : `(${before}`;
    const entries = await waitLonger('journal_read', () => state.xrevrange(layout.journal, end, '-', 'COUNT', count));
    return entries.map(([position, fields]) => ({ position, record: fields[1] ?? '' }));
  }
}
