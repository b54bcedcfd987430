import { Cluster } from 'ioredis';
import { isAmount } from '../ports/index.ts';
import { atEndOfTurn } from './batch-writes.ts';
import type { RedisClient } from './connections.ts';
import { Script } from './script.ts';
import { isOfSlots } from './tenant-groups.ts';

const APPEND = new Script('append-audit');
/** Numbers per batch in the response of append-audit.lua. */
const RESULT_NUMBERS = 3;
/** Maximum number of records and fields of several batches in one script, which takes some milliseconds of Redis. */
const MAX_TEXTS = 1_000;

/** What a hash gets at its first write. */
export interface HashOptions {
  /** Its retention in ms, 0 for ever. */
  readonly ttlMs: number;
  /** Number of further sums of its first field, all zero. */
  readonly zeros: number;
}

/** The amounts that a batch adds to its hashes. */
export class BatchSums {
  readonly #hashes = new Map<string, HashOptions & { readonly fields: Map<string, number[]> }>();
  #setAside = 0;

  /** Number of amounts that cannot be added: not an integer from 0 to 2^53 - 1, alone or in sum. */
  get setAside(): number {
    return this.#setAside;
  }

  /** The keys of the hashes. */
  get keys(): string[] {
    return [...this.#hashes.keys()];
  }

  /** Adds the amounts to those of the same field. */
  add(hash: string, options: HashOptions, field: string, amounts: readonly number[]): void {
    let known = this.#hashes.get(hash);
    if (known === undefined) {
      known = { ...options, fields: new Map() };
      this.#hashes.set(hash, known);
    }
    const sums = known.fields.get(field) ?? [];
    if (sums.length === 0) known.fields.set(field, sums);
    for (const [n, amount] of amounts.entries()) sums[n] = this.#added(sums[n] ?? 0, amount);
  }

  #added(sum: number, amount: number): number {
    const isCountable = isAmount(amount);
    const total = isCountable ? sum + amount : sum;
    if (!isCountable || total > Number.MAX_SAFE_INTEGER) this.#setAside++;
    return Math.min(total, Number.MAX_SAFE_INTEGER);
  }

  /** Returns the numbers and the fields in the form of append-audit.lua. */
  written(): { numbers: number[]; fields: string[] } {
    const numbers: number[] = [];
    const fields: string[] = [];
    for (const { ttlMs, zeros, fields: ofHash } of this.#hashes.values()) {
      numbers.push(ttlMs, zeros, 0);
      const count = numbers.length - 1;
      for (const [field, sums] of ofHash) {
        const length = sums.findLastIndex((sum) => sum > 0) + 1;
        if (length === 0) continue;
        numbers[count] = (numbers[count] ?? 0) + 1;
        numbers.push(length);
        for (let n = 0; n < length; n++) numbers.push(sums[n] ?? 0);
        fields.push(field);
      }
    }
    return { numbers, fields };
  }
}

/** A batch as arguments of append-audit.lua. */
export interface WrittenBatch {
  readonly keys: readonly string[];
  readonly numbers: readonly number[];
  /** The records and the fields. */
  readonly texts: readonly string[];
}

export interface WriteResult {
  /** False if the batch was written before. */
  readonly isNew: boolean;
  readonly previousExists: boolean;
  readonly setAside: number;
}

interface Pending {
  readonly batch: WrittenBatch;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

/**
 * Writes batches of records. The batches of one turn of the event loop are one script, because that costs Redis less than a script for
 * each. In a Cluster, each batch is a script, because the keys of two shards are on different servers.
 */
export class AuditBatches {
  readonly #client: RedisClient;
  readonly #maxRecords: number;
  #isTogether: boolean;
  #pending: Pending[] = [];

  constructor(client: RedisClient, maxRecords: number) {
    this.#client = client;
    this.#maxRecords = maxRecords;
    this.#isTogether = !(client instanceof Cluster);
  }

  /** @throws the store's error */
  write(batch: WrittenBatch): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ batch, resolve, reject });
      if (this.#pending.length === 1) atEndOfTurn(this.#client, () => this.#sendAll());
    });
  }

  #sendAll(): void {
    let group: Pending[] = [];
    let texts = 0;
    for (const pending of this.#pending.splice(0)) {
      const { length } = pending.batch.texts;
      if (group.length > 0 && (!this.#isTogether || texts + length > MAX_TEXTS)) {
        this.#send(group);
        group = [];
        texts = 0;
      }
      group.push(pending);
      texts += length;
    }
    this.#send(group);
  }

  #send(group: readonly Pending[]): void {
    this.#run(group.map(({ batch }) => batch)).then(
      (results) => {
        for (const [n, { resolve }] of group.entries()) resolve(results[n] as WriteResult);
      },
      (error: unknown) => {
        if (group.length > 1 && isOfSlots(error)) {
          this.#isTogether = false;
          for (const pending of group) this.#send([pending]);
        } else for (const { reject } of group) reject(error);
      },
    );
  }

  async #run(batches: readonly WrittenBatch[]): Promise<WriteResult[]> {
    const numbers = JSON.stringify([this.#maxRecords, ...batches.flatMap((batch) => batch.numbers)]);
    const keys = batches.flatMap((batch) => batch.keys);
    const answer = await APPEND.run(this.#client, keys, [numbers, ...batches.flatMap(({ texts }) => texts)]);
    return batches.map((_, n) => {
      const [isNew, previousExists, setAside = 0] = (answer as number[]).slice(n * RESULT_NUMBERS);
      return { isNew: isNew === 1, previousExists: previousExists === 1, setAside };
    });
  }
}
