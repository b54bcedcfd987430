import { randomUUID } from 'node:crypto';
import type { ChargedBudget, DependencyHealth, Money } from '@sluice/core';
import { type AuditRecord, type AuditSink, auditRecordJson } from '@sluice/proxies';
import type { AuditBatch, AuditTrail, Meters, SpentSum, UsageSum } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import { isPlausible } from '../models/plausible-usage.ts';
import { BudgetRepair } from './budget-repair.ts';
import type { CrashRecovery } from './crash-recovery.ts';
import { RecentBatches } from './recent-batches.ts';
import { mergeSums, TagUsage, toDailySums, usageOfRecord } from './usage-of-record.ts';

/** Longest time that a record waits before it is written. */
const FLUSH_MS = 50;
/** Pause after a failed write before the next attempt. */
const RETRY_MS = 1_000;
/** Records that may wait while the store is unavailable. Beyond this bound records are dropped and counted. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 500;
/** Longest time that records wait for settlements that are retried, in ms: twice the pause between two attempts. */
const SETTLEMENTS_MS = 2_000;

export interface AuditWriterOptions {
  readonly trail: AuditTrail;
  readonly meters: Pick<Meters, 'raiseToLedger'>;
  /** Settlements that are being retried; records are written after them. */
  readonly settlements?: { done(timeoutMs: number): Promise<void> };
  readonly logLines: (lines: readonly string[]) => void;
  readonly metrics: Pick<Metrics, 'auditDropped' | 'auditSetAside'>;
  readonly health: DependencyHealth;
  /** Tracks long calls and reports whether another replica has already recorded the end of a call. */
  readonly crashRecovery?: Pick<CrashRecovery, 'isCheckpointed' | 'end'>;
  /** Called with the number of records that Redis had lost and that were written again. */
  readonly onRestored?: (records: number) => void;
  /** Called with a record that has implausible amounts. The record is excluded from all sums. */
  readonly onSetAside?: (record: AuditRecord) => void;
  /** Called with each record, for sums. */
  readonly onRecord?: (record: AuditRecord) => void;
}

/** Collects audit records from calls and writes them in batches to the log and the store, outside the calls' critical path. */
export class AuditWriter implements AuditSink {
  readonly #options: AuditWriterOptions;
  #waiting: string[] = [];
  #unlogged: string[] = [];
  /** Usage that calls add to the sums. It is added up while it waits, so that none of it is ever dropped. */
  #usage: UsageSum[] = [];
  /** Amounts that calls add to the budget ledger, by budget. */
  readonly #spent = new Map<string, SpentSum>();
  /** Pending checks whether another replica has already recorded the end of a long call. */
  readonly #endChecks = new Set<Promise<void>>();
  readonly #tags = new TagUsage();
  readonly #recent: RecentBatches;
  readonly #repair: BudgetRepair;
  readonly #stopListening: () => void;
  #restoring: Promise<void> | undefined;
  #addUpAt = MAX_BATCH;
  #batch: AuditBatch | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The next check for lost records, after a failed one. */
  #nextCheck: NodeJS.Timeout | undefined;

  constructor(options: AuditWriterOptions) {
    this.#options = options;
    this.#recent = new RecentBatches(options.trail);
    this.#repair = new BudgetRepair({
      meters: options.meters,
      budgets: () => this.#recent.budgets(),
      onFault: (error) => options.health.failure(error),
    });
    this.#stopListening = options.trail.onReconnect(() => this.#lookForLoss());
  }

  /** Stops checking for lost records. */
  close(): void {
    this.#stopListening();
    clearTimeout(this.#nextCheck);
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
      this.#options.health.failure(error);
      // a reconnection during this check has triggered no other one
      clearTimeout(this.#nextCheck);
      this.#nextCheck = setTimeout(() => this.#lookForLoss(), RETRY_MS).unref();
    }
  }

  write(record: AuditRecord, charged: readonly ChargedBudget[], callId?: string): void {
    const { crashRecovery } = this.#options;
    if (callId === undefined || crashRecovery?.isCheckpointed(callId) !== true) {
      this.#take(record, charged);
      return;
    }
    const endCheck = crashRecovery.end(callId).then((ours) => {
      if (ours) this.#take(record, charged);
      this.#endChecks.delete(endCheck);
    });
    this.#endChecks.add(endCheck);
  }

  #take(record: AuditRecord, charged: readonly ChargedBudget[]): void {
    this.#options.onRecord?.(record);
    const line = JSON.stringify(auditRecordJson(record));
    this.#unlogged.push(line);
    if (this.#waiting.length >= MAX_WAITING) this.#options.metrics.auditDropped.inc();
    else this.#waiting.push(line);
    this.#count(record, charged);
    if (this.#usage.length >= this.#addUpAt) {
      this.#usage = mergeSums(this.#usage);
      // many distinct combinations must not be added up again at each call
      this.#addUpAt = Math.max(MAX_BATCH, 2 * this.#usage.length);
    }
    this.#flushIn(FLUSH_MS);
  }

  /** Adds a call's amounts to the sums. A record with implausible amounts is set aside, so that it distorts no sum. */
  #count(record: AuditRecord, charged: readonly ChargedBudget[]): void {
    const usage = usageOfRecord(record);
    if (!isPlausible(usage)) {
      this.#options.metrics.auditSetAside.inc();
      this.#options.onSetAside?.(record);
      return;
    }
    this.#usage.push(usage, ...this.#tags.of(usage, record.tags));
    for (const charge of charged) this.#charge(charge, record.costNanos);
  }

  /** Writes all waiting records. @throws the store's error; the records stay and the write is retried */
  async flush(): Promise<void> {
    await Promise.all(this.#endChecks);
    this.#options.logLines(this.#unlogged.splice(0));
    await this.#options.settlements?.done(SETTLEMENTS_MS);
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    try {
      await this.#writing;
      this.#options.health.success();
    } catch (error) {
      // retry later, even if no further call arrives
      this.#flushIn(RETRY_MS);
      throw error;
    }
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => this.#options.health.failure(error));
    }, ms).unref();
  }

  /** A call without cost, or with an unknown cost, adds nothing to the ledger. */
  #charge({ tenant, subject, period }: ChargedBudget, amount: Money = 0): void {
    if (amount === 0) return;
    const name = `${period} ${tenant} ${subject}`;
    this.#spent.set(name, { tenant, subject, period, amount: (this.#spent.get(name)?.amount ?? 0) + amount });
  }

  async #writeAll(): Promise<void> {
    while (this.#batch !== undefined || this.#waiting.length > 0 || this.#usage.length > 0 || this.#spent.size > 0) {
      if (this.#batch === undefined) {
        const usage = mergeSums(this.#usage.splice(0));
        const spent = [...this.#spent.values()];
        this.#spent.clear();
        const records = this.#waiting.splice(0, MAX_BATCH);
        this.#batch = { id: randomUUID(), records, usage: [...usage, ...toDailySums(usage)], spent };
      }
      const { setAside, lostData } = await this.#options.trail.append(this.#batch, this.#recent.last());
      if (setAside > 0) this.#options.metrics.auditSetAside.inc(setAside);
      if (lostData) this.#lookForLoss();
      this.#recent.written(this.#batch);
      this.#batch = undefined;
    }
  }
}
