import {
  type AuditBatch,
  type AuditTrail,
  type KeptRecord,
  USAGE_AMOUNTS,
  USAGE_DIMENSIONS,
  type UsageAmounts,
  type UsageOf,
  type UsageSum,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const APPEND = new Script('append-audit');

/** A year and a month: last year's month can be put beside this one. */
const USAGE_TTL_MS = 400 * 86_400_000;

/** Audit records of all replicas in one stream, trimmed to a length, and the sums of usage in a hash a day. */
export class RedisAuditTrail implements AuditTrail {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #maxRecords: number;

  constructor(background: RedisClient, layout: KeyLayout, maxRecords: number) {
    this.#background = background;
    this.#layout = layout;
    this.#maxRecords = maxRecords;
  }

  async append({ id, records, usage }: AuditBatch): Promise<void> {
    if (records.length === 0 && usage.length === 0) return;
    const days = [...new Set(usage.map(({ day }) => day))];
    const keys = [this.#layout.auditBatch(id), this.#layout.auditStream, ...days.map((day) => this.#layout.usage(day))];
    const sums = usage.flatMap((sum) => {
      const combination = JSON.stringify(USAGE_DIMENSIONS.map((dimension) => sum[dimension]));
      const hash = days.indexOf(sum.day) + 3;
      // what is nothing is not written
      return USAGE_AMOUNTS.filter((amount) => sum[amount] !== 0).flatMap((amount) => [
        hash,
        `${amount} ${combination}`,
        sum[amount],
      ]);
    });
    await APPEND.run(this.#background, keys, [this.#maxRecords, USAGE_TTL_MS, records.length, ...records, ...sums]);
  }

  async latest(count: number, before?: string): Promise<readonly KeptRecord[]> {
    const end = before === undefined ? '+' : `(${before}`;
    const entries = await this.#background.xrevrange(this.#layout.auditStream, end, '-', 'COUNT', count);
    return entries.map(([place, fields]) => ({ place, record: fields[1] ?? '' }));
  }

  async usage(days: readonly string[]): Promise<readonly UsageSum[]> {
    const hashes = await Promise.all(days.map((day) => this.#background.hgetall(this.#layout.usage(day))));
    return hashes.flatMap((hash, n) => readDay(days[n] as string, hash));
  }
}

/** A field is an amount's name and the combination that it is of. */
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
    return { day, ...of, ...amounts };
  });
}
