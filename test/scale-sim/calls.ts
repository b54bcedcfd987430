import { randomUUID } from 'node:crypto';
import type { Random } from '@sluice/core';
import { type AuditRecord, auditRecordJson } from '@sluice/proxies';
import type { CacheEntry, CacheKey, Charge, ReservedCharge, Stores } from '@sluice/store/ports';
import { mergeSums, usageOfRecord } from '../../services/gateway/src/records/usage-of-record.ts';
import { nameOf, type Tenants } from './tenants.ts';

const MODELS = 20;
const KEYS_OF_A_TENANT = 5;
/** Number of prompts that callers repeat. */
const QUESTIONS = 2_000;
const RECORDS_A_BATCH = 64;
const DAY_MS = 86_400_000;
const CACHED_MS = 3_600_000;
const INPUT_TOKENS = 420;
const TOKENS = 590;
/** In nano-dollars. */
const COST = 1_000_000;
const ANSWER = Buffer.from(JSON.stringify({ content: 'the quick brown fox jumps over a lazy dog and then '.repeat(20) }));

/** Returns the four charges of a live call. */
export function chargesOf(nowMs: number): Charge[] {
  const endsAtMs = Math.ceil(nowMs / DAY_MS) * DAY_MS;
  const period = new Date(nowMs).toISOString().slice(0, 10);
  return [
    { kind: 'window', meter: 'requests', limit: 1_000_000, windowMs: 60_000, amount: 1 },
    { kind: 'window', meter: 'tokens', limit: 1_000_000_000, windowMs: 60_000, amount: 5_000 },
    { kind: 'budget', meter: 'budget', limit: 1e15, amount: 5_000_000, period, endsAtMs, leaseMs: 30_000 },
    { kind: 'concurrency', meter: 'concurrent', limit: 1_000, leaseMs: 30_000 },
  ];
}

/**
 * Performs the store operations of a gateway's call: look up the cache, reserve, settle, store the response; and write records
 * in batches.
 */
export class Calls {
  readonly #stores: Stores;
  readonly #tenants: Tenants;
  readonly #random: Random;
  #records: AuditRecord[] = [];
  hits = 0;

  constructor(stores: Stores, tenants: Tenants, random: Random) {
    this.#stores = stores;
    this.#tenants = tenants;
    this.#random = random;
  }

  async make(): Promise<void> {
    const { cache } = this.#stores;
    const call = this.#next();
    const [found, reservation] = await Promise.all([cache.get(call.entry), this.#reserve(call)]);
    const hit = found !== undefined;
    if (hit) this.hits++;
    await Promise.all([this.#settle(call, reservation, hit), hit ? undefined : cache.set(call.entry, answerAt(call))]);
    await this.#record(call, hit);
  }

  /** Runs only the meters of a call. */
  async meter(): Promise<void> {
    const call = this.#next();
    await this.#settle(call, await this.#reserve(call), false);
  }

  /** Runs only a cache look-up that misses, and stores the response. */
  async keep(): Promise<void> {
    const call = this.#next();
    const { cache } = this.#stores;
    await cache.get({ ...call.entry, digest: call.callId });
    await cache.set(call.entry, answerAt(call));
  }

  /** Writes only the record of a call, and its share of the usage sums. */
  async record(): Promise<void> {
    await this.#record(this.#next(), false);
  }

  #next(): Call {
    const tenant = nameOf(this.#tenants.pick(this.#random.next()));
    const subject = `${tenant}-key-${Math.floor(this.#random.next() * KEYS_OF_A_TENANT)}`;
    const model = `model-${Math.floor(this.#random.next() * MODELS)}`;
    const question = Math.floor(this.#random.next() ** 3 * QUESTIONS);
    const entry = { scope: tenant, namespace: '', model, digest: `question-${question}` };
    const nowMs = Date.now();
    return { tenant, subject, model, entry, callId: randomUUID(), nowMs, charges: chargesOf(nowMs) };
  }

  async #reserve({ tenant, subject, callId, charges }: Call): Promise<readonly ReservedCharge[]> {
    const result = await this.#stores.meters.reserve({ tenant, subject, callId, charges });
    if (!result.admitted) throw new Error(`${subject} was refused: ${JSON.stringify(result)}`);
    return result.reserved;
  }

  async #settle({ tenant, subject, callId }: Call, reserved: readonly ReservedCharge[], hit: boolean): Promise<void> {
    const actual = (charge: Charge): number => {
      if (charge.kind === 'budget') return hit ? 0 : COST;
      return charge.meter === 'requests' ? 1 : hit ? 0 : TOKENS;
    };
    const charges = reserved.map((one) => ({ ...one, actual: actual(one.charge) }));
    await this.#stores.meters.settle({ tenant, subject, callId, charges });
  }

  async #record(call: Call, hit: boolean): Promise<void> {
    this.#records.push(recordOf(call, hit));
    if (this.#records.length >= RECORDS_A_BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const { audit } = this.#stores;
    const byShard = Map.groupBy(this.#records.splice(0), ({ tenant }) => audit.shardOf(tenant as string));
    await Promise.all([...byShard].map(([shard, records]) => this.#append(shard, records)));
  }

  async #append(shard: number, records: readonly AuditRecord[]): Promise<void> {
    const usage = mergeSums(records.map((record) => usageOfRecord(record)).filter((sum) => sum !== undefined));
    const period = new Date().toISOString().slice(0, 10);
    const spent = records.map((record) => ({
      tenant: record.tenant as string,
      subject: record.key as string,
      period,
      amount: record.costNanos ?? 0,
    }));
    await this.#stores.audit.append({
      ...{ id: randomUUID(), shard, usage, spent },
      records: records.map((record) => JSON.stringify(auditRecordJson(record))),
    });
  }
}

interface Call {
  readonly tenant: string;
  readonly subject: string;
  readonly model: string;
  readonly entry: CacheKey;
  readonly callId: string;
  readonly nowMs: number;
  readonly charges: readonly Charge[];
}

function answerAt({ nowMs, model }: Call): CacheEntry {
  return {
    contentType: 'application/json',
    body: ANSWER,
    streamed: false,
    usage: { inputTokens: INPUT_TOKENS, outputTokens: TOKENS - INPUT_TOKENS },
    cost: COST,
    provider: 'up',
    providerModel: model,
    storedAtMs: nowMs,
    expiresAtMs: nowMs + CACHED_MS,
  };
}

/** Returns the record that the gateway's own `recordOf` makes. */
function recordOf({ tenant, subject, model, callId, nowMs }: Call, hit: boolean): AuditRecord {
  return {
    time: new Date(nowMs).toISOString(),
    requestId: callId,
    outcome: 'answered',
    status: 200,
    error: null,
    key: subject,
    tenant,
    route: 'POST /v1/chat/completions',
    model,
    target: `up/${model}`,
    provider: 'up',
    attempts: hit ? 0 : 1,
    inputTokens: INPUT_TOKENS,
    outputTokens: TOKENS - INPUT_TOKENS,
    costNanos: hit ? 0 : COST,
    savedNanos: hit ? COST : undefined,
    latencyMs: 812.345,
    cache: hit ? 'hit' : 'miss',
    tags: {},
  };
}
