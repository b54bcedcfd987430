import type { BudgetName } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';

/** Interval at which a writer adds its number of shards to the list again: Redis may have lost its data. */
const REGISTER_EVERY_MS = 60_000;

/** Time for which an unavailable shard is not read again, in ms: each attempt can take the timeout of a command. */
export const PAUSE_MS = 10_000;

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const MAX_ASCII = 0x7f;

/** Returns the shard of a name: the FNV-1a hash of its UTF-8 bytes, modulo the number of shards. Stored data depends on it, so it never changes. */
export function auditShardOf(name: string, count: number): number {
  let hash = FNV_BASIS;
  for (let n = 0; n < name.length; n++) {
    const code = name.charCodeAt(n);
    if (code > MAX_ASCII) return hashOf(Buffer.from(name)) % count;
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return (hash >>> 0) % count;
}

function hashOf(bytes: Buffer): number {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/**
 * The shards of the audit trail. Their number can change between two starts, and no data is ever moved: what a shard has stays
 * there until it expires. So Redis has a list of all numbers of shards that were ever used, and readers read every shard that
 * may have data, and the keys of versions without shards.
 */
export class AuditShards {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  /** Each replica has a shard for records without a tenant, so that clients without a key load no single shard. */
  readonly #withoutTenant: number;
  /** The first attempt to register. Only this one delays writes. */
  #firstAttempt: Promise<void> | undefined;
  #isRegistering = false;
  #registerAtMs = 0;
  /** Until then the list is not read, because it was unavailable. */
  #unavailableUntilMs = 0;
  /** The largest known number of shards. */
  #max: number;

  constructor(client: RedisClient, layout: KeyLayout) {
    this.#client = client;
    this.#layout = layout;
    this.#max = layout.auditShards;
    this.#withoutTenant = Math.floor(Math.random() * layout.auditShards);
  }

  of(tenant: string): number {
    return tenant === '' ? this.#withoutTenant : auditShardOf(tenant, this.#layout.auditShards);
  }

  /** Adds the number of shards to the list. A writer calls this before it writes to a shard. */
  async register(): Promise<void> {
    if (!this.#isRegistering && performance.now() >= this.#registerAtMs) {
      const attempt = this.#register();
      this.#firstAttempt ??= attempt;
    }
    await this.#firstAttempt;
  }

  async #register(): Promise<void> {
    const { auditShardCounts, auditShards } = this.#layout;
    this.#isRegistering = true;
    try {
      await this.#client.hsetnx(auditShardCounts, String(auditShards), Date.now());
      this.#registerAtMs = performance.now() + REGISTER_EVERY_MS;
    } catch {
      // The server of the list is unavailable. Writes to other servers must not fail with it: the next one tries again.
    } finally {
      this.#isRegistering = false;
    }
  }

  /** Returns all shards that may have data. If the list is unavailable, these are the shards of the last read. */
  async all(): Promise<readonly AuditShard[]> {
    if (performance.now() >= this.#unavailableUntilMs) {
      try {
        this.#max = Math.max(...(await shardCounts(this.#client, this.#layout)));
      } catch {
        // the unsharded keys are on the server of the list: their reader gets the error
        this.#unavailableUntilMs = performance.now() + PAUSE_MS;
      }
    }
    return ['unsharded', ...Array.from({ length: this.#max }, (_, shard) => shard)];
  }
}

/** Returns all numbers of shards that were ever used, with the configured one. */
async function shardCounts(client: RedisClient, { auditShardCounts, auditShards }: KeyLayout): Promise<number[]> {
  const counts = (await client.hkeys(auditShardCounts)).map(Number).filter((count) => Number.isInteger(count) && count > 0);
  return [auditShards, ...counts];
}

/**
 * Returns the spend of a budget by the ledger, in nano-dollars: the sum of the shards that its tenant has ever had, because no
 * amount is in two of them. Undefined if none has an amount.
 */
export async function readLedger(
  client: RedisClient,
  layout: KeyLayout,
  { tenant, subject, period }: Pick<BudgetName, 'tenant' | 'subject' | 'period'>,
): Promise<number | undefined> {
  const field = layout.spentOf(tenant, subject);
  const amountIn = (shard: AuditShard) => client.hget(layout.spent(shard, period), field);
  const present = auditShardOf(tenant, layout.auditShards);
  // one round trip, unless the number of shards was changed
  const [counts, ...amounts] = await Promise.all([shardCounts(client, layout), amountIn('unsharded'), amountIn(present)]);
  const earlier = new Set(counts.map((count) => auditShardOf(tenant, count)));
  earlier.delete(present);
  if (earlier.size > 0) amounts.push(...(await Promise.all([...earlier].map(amountIn))));
  const found = amounts.filter((amount) => amount !== null);
  return found.length === 0 ? undefined : found.reduce((sum, amount) => sum + Number(amount), 0);
}
