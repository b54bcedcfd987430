import { randomUUID } from 'node:crypto';
import { type BudgetCharge, type ConcernHealth, NANOS_PER_USD } from '@sluice/core';
import type { AuditRecord, AuditSink } from '@sluice/proxies';
import type { AuditBatch, AuditTrail, Meters, SpentSum, UsageSum } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import { BudgetRepair } from './budget-repair.ts';
import type { CrashWatch } from './crash-watch.ts';
import { isPlausible } from './plausible-usage.ts';
import { RecentBatches } from './recent-batches.ts';
import { daysOf, TagUsage, together, usageOfRecord } from './usage-of-record.ts';

/** How long a record may wait to be written. */
const FLUSH_MS = 50;
/** How long after a failure it is tried again. */
const RETRY_MS = 1_000;
/** Records that may wait while the store is away; beyond it they are dropped, and counted. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 500;
/** How long records wait for settlements that are sent again, in ms: twice the pause between two attempts. */
const SETTLEMENTS_MS = 2_000;

export interface AuditWriterOptions {
  readonly trail: AuditTrail;
  readonly meters: Pick<Meters, 'raiseToLedger'>;
  /** Settlements that are sent again; records are written after them. */
  readonly settlements?: { done(timeoutMs: number): Promise<void> };
  readonly logLines: (lines: readonly string[]) => void;
  readonly metrics: Pick<Metrics, 'auditDropped' | 'auditSetAside'>;
  readonly health: ConcernHealth;
  /** Knows of long calls, and whether somebody else has told their end. */
  readonly crashWatch?: Pick<CrashWatch, 'knows' | 'end'>;
  /** Told how many records Redis had lost, and were written again. */
  readonly onRestored?: (records: number) => void;
  /** Told of a record whose amounts cannot be right, and are in no sum. */
  readonly onSetAside?: (record: AuditRecord) => void;
  /** Told of each record, for sums. */
  readonly onRecord?: (record: AuditRecord) => void;
}

/** Takes audit records from the calls and writes them behind their backs, to the log and to the store, in batches. */
export class AuditWriter implements AuditSink {
  readonly #options: AuditWriterOptions;
  #waiting: string[] = [];
  #unlogged: string[] = [];
  /** What calls add to the sums of usage. It is added up where it waits, so that none of it is ever dropped. */
  #usage: UsageSum[] = [];
  /** What they add to what the ledger says of budgets, by budget. */
  readonly #spent = new Map<string, SpentSum>();
  /** Records of long calls, of which it is asked whether they are told of already. */
  readonly #asking = new Set<Promise<void>>();
  readonly #tags = new TagUsage();
  readonly #recent: RecentBatches;
  readonly #repair: BudgetRepair;
  readonly #stopListening: () => void;
  #restoring: Promise<void> | undefined;
  #addUpAt = MAX_BATCH;
  #batch: AuditBatch | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AuditWriterOptions) {
    this.#options = options;
    this.#recent = new RecentBatches(options.trail);
    this.#repair = new BudgetRepair({
      meters: options.meters,
      budgets: () => this.#recent.budgets(),
      onFault: (error) => options.health.failed(error),
    });
    this.#stopListening = options.trail.onReconnect(() => this.#lookForLoss());
  }

  /** Looks no more whether something was lost. */
  close(): void {
    this.#stopListening();
    this.#repair.close();
  }

  #lookForLoss(): void {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
  }

  async #restore(): Promise<void> {
    try {
      const { batches, records } = await this.#recent.restore();
      if (batches === 0) return;
      this.#options.onRestored?.(records);
      await this.#repair.start();
    } catch (error) {
      // the next connection is looked at again
      this.#options.health.failed(error);
    }
  }

  write(record: AuditRecord, charged: readonly BudgetCharge[], callId?: string): void {
    const { crashWatch } = this.#options;
    if (callId === undefined || crashWatch?.knows(callId) !== true) {
      this.#take(record, charged);
      return;
    }
    const asking = crashWatch.end(callId).then((ours) => {
      if (ours) this.#take(record, charged);
      this.#asking.delete(asking);
    });
    this.#asking.add(asking);
  }

  #take(record: AuditRecord, charged: readonly BudgetCharge[]): void {
    this.#options.onRecord?.(record);
    const line = JSON.stringify(record);
    this.#unlogged.push(line);
    if (this.#waiting.length >= MAX_WAITING) this.#options.metrics.auditDropped.inc();
    else this.#waiting.push(line);
    this.#count(record, charged);
    if (this.#usage.length >= this.#addUpAt) {
      this.#usage = together(this.#usage);
      // many combinations must not be added up anew at each call
      this.#addUpAt = Math.max(MAX_BATCH, 2 * this.#usage.length);
    }
    this.#flushIn(FLUSH_MS);
  }

  /** Adds what a call came to to the sums. A record whose amounts cannot be right is set aside, so that it spoils no sum of others. */
  #count(record: AuditRecord, charged: readonly BudgetCharge[]): void {
    const usage = usageOfRecord(record);
    if (!isPlausible(usage)) {
      this.#options.metrics.auditSetAside.inc();
      this.#options.onSetAside?.(record);
      return;
    }
    this.#usage.push(usage, ...this.#tags.of(usage, record.tags));
    for (const charge of charged) this.#charge(charge, record.costUsd);
  }

  /** Writes all that waits. @throws what the store throws; the records stay and are tried again. */
  async flush(): Promise<void> {
    await Promise.all(this.#asking);
    this.#options.logLines(this.#unlogged.splice(0));
    await this.#options.settlements?.done(SETTLEMENTS_MS);
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    try {
      await this.#writing;
      this.#options.health.works();
    } catch (error) {
      // try again by and by, also if no call comes
      this.#flushIn(RETRY_MS);
      throw error;
    }
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => this.#options.health.failed(error));
    }, ms).unref();
  }

  /** In nano-dollars; a call that cost nothing, or nobody knows what, is in no ledger. */
  #charge({ tenant, subject, period }: BudgetCharge, costUsd: number | null): void {
    const amount = Math.round((costUsd ?? 0) * NANOS_PER_USD);
    if (amount === 0) return;
    const name = `${period} ${tenant} ${subject}`;
    this.#spent.set(name, { tenant, subject, period, amount: (this.#spent.get(name)?.amount ?? 0) + amount });
  }

  async #writeAll(): Promise<void> {
    while (this.#batch !== undefined || this.#waiting.length > 0 || this.#usage.length > 0 || this.#spent.size > 0) {
      if (this.#batch === undefined) {
        const usage = together(this.#usage.splice(0));
        const spent = [...this.#spent.values()];
        this.#spent.clear();
        const records = this.#waiting.splice(0, MAX_BATCH);
        this.#batch = { id: randomUUID(), records, usage: [...usage, ...daysOf(usage)], spent };
      }
      const { setAside, lostData } = await this.#options.trail.append(this.#batch, this.#recent.last());
      if (setAside > 0) this.#options.metrics.auditSetAside.inc(setAside);
      if (lostData) this.#lookForLoss();
      this.#recent.written(this.#batch);
      this.#batch = undefined;
    }
  }
}
