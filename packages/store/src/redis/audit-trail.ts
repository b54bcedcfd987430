import {
  type Appended,
  type AuditBatch,
  type AuditReader,
  type AuditReaderOptions,
  type AuditTrail,
  combinationOf,
  type StoredRecord,
  USAGE_AMOUNTS,
  USAGE_DIMENSIONS,
  USAGE_RETENTION,
  type UsageAmounts,
  type UsageOf,
  type UsageRetention,
  type UsageSum,
  type UsageTable,
  usageTableOf,
} from '../ports/index.ts';
import { RedisAuditReader } from './audit-reader.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const APPEND = new Script('append-audit');
/** Index in KEYS of the first hash of sums (append-audit.lua). */
const FIRST_SUMS = 4;

/** Returns the retention of a period's ledger in ms, 0 for ever. It is longer than the lifetime of the period's counters. */
function spentTtlMs(period: string): number {
  if (period === 'total') return 0;
  return (period.length === 'YYYY-MM'.length ? 40 : 3) * 86_400_000;
}

/** Stores the records of all replicas in one stream with a maximum length, and usage sums in one hash per day and table. */
export class RedisAuditTrail implements AuditTrail {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #maxRecords: number;
  readonly #retention: UsageRetention;

  constructor(background: RedisClient, layout: KeyLayout, maxRecords: number, retention: UsageRetention = USAGE_RETENTION) {
    this.#background = background;
    this.#layout = layout;
    this.#maxRecords = maxRecords;
    this.#retention = retention;
  }

  async append({ id, records, usage, spent = [] }: AuditBatch, before = id): Promise<Appended> {
    if (records.length === 0 && usage.length === 0 && spent.length === 0) return { setAside: 0, lostData: false };
    const { keepMs, keepDetailedMs } = this.#retention;
    const hashes = new Map<string, { readonly at: number; readonly ttlMs: number }>();
    const hashOf = (name: string, ttlMs: number): number => {
      const known = hashes.get(name) ?? { at: hashes.size + FIRST_SUMS, ttlMs };
      hashes.set(name, known);
      return known.at;
    };
    const sums = usage.flatMap((sum) => {
      const table = usageTableOf(sum);
      const hash = hashOf(this.#layout.usage(sum.day, table), table === 'days' ? keepMs : keepDetailedMs);
      const combination = combinationOf(sum);
      // zero amounts are not written
      return USAGE_AMOUNTS.filter((amount) => sum[amount] !== 0).flatMap((amount) => [
        hash,
        `${amount} ${combination}`,
        sum[amount],
      ]);
    });
    for (const { tenant, subject, period, amount } of spent) {
      sums.push(hashOf(this.#layout.spent(period), spentTtlMs(period)), this.#layout.spentOf(tenant, subject), amount);
    }
    const { auditStream } = this.#layout;
    const keys = [this.#layout.auditBatch(id), auditStream, this.#layout.auditBatch(before), ...hashes.keys()];
    const ttls = [...hashes.values()].map(({ ttlMs }) => ttlMs);
    const args = [this.#maxRecords, records.length, ...ttls, ...records, ...sums];
    const [, there, setAside = 0] = (await APPEND.run(this.#background, keys, args)) as number[];
    return { setAside, lostData: there === 0 };
  }

  async has(batchId: string): Promise<boolean> {
    return (await this.#background.strlen(this.#layout.auditBatch(batchId))) > 0;
  }

  onReconnect(listener: () => void): () => void {
    // a Cluster reports `+node` when a node was replaced
    for (const event of RECONNECTED) this.#background.on(event, listener);
    return () => {
      for (const event of RECONNECTED) this.#background.off(event, listener);
    };
  }

  async latest(count: number, before?: string): Promise<readonly StoredRecord[]> {
    const end = before === undefined ? '+' : `(${before}`;
    const entries = await this.#background.xrevrange(this.#layout.auditStream, end, '-', 'COUNT', count);
    return entries.map(([position, fields]) => ({ position, record: fields[1] ?? '' }));
  }

  async after(position: string, count: number): Promise<readonly StoredRecord[]> {
    const entries = await this.#background.xrange(this.#layout.auditStream, `(${position}`, '+', 'COUNT', count);
    return entries.map(([at, fields]) => ({ position: at, record: fields[1] ?? '' }));
  }

  reader(options: AuditReaderOptions): AuditReader {
    return new RedisAuditReader(this.#background, this.#layout.auditStream, options);
  }

  async usage(days: readonly string[], table: UsageTable = 'days'): Promise<readonly UsageSum[]> {
    const hashes = await Promise.all(days.map((day) => this.#background.hgetall(this.#layout.usage(day, table))));
    return hashes.flatMap((hash, n) => readDay(days[n] as string, hash));
  }
}

const RECONNECTED = ['ready', '+node'] as const;

/** Parses a hash of sums. A field is the name of an amount, a space, and the combination. */
function readDay(day: string, hash: Readonly<Record<string, string>>): UsageSum[] {
  const found = new Map<string, Record<keyof UsageAmounts, number>>();
  for (const [field, value] of Object.entries(hash)) {
    const space = field.indexOf(' ');
    const combination = field.slice(space + 1);
    let amounts = found.get(combination);
    if (amounts === undefined) {
      amounts = Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>;
      found.set(combination, amounts);
    }
    amounts[field.slice(0, space) as keyof UsageAmounts] = Number(value);
  }
  return [...found].map(([combination, amounts]) => {
    const names = JSON.parse(combination) as string[];
    const of = Object.fromEntries(USAGE_DIMENSIONS.map((dimension, n) => [dimension, names[n] ?? ''])) as unknown as UsageOf;
    const [hour = '', tag = '', reason] = names.slice(USAGE_DIMENSIONS.length);
    return { day, hour, tag, ...of, ...(reason === undefined ? {} : { reason }), ...amounts };
  });
}
