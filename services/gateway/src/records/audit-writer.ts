import type { ChargedBudget, DependencyHealth } from '@sluice/core';
import { type AuditRecord, type AuditSink, auditRecordJson } from '@sluice/proxies';
import type { Appended, AuditTrail, Meters } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import { isPlausible } from '../models/plausible-usage.ts';
import { BudgetRepair } from './budget-repair.ts';
import type { CrashRecovery } from './crash-recovery.ts';
import { RecentBatches } from './recent-batches.ts';
import { ShardQueue } from './shard-queue.ts';
import { TagUsage, usageOfRecord } from './usage-of-record.ts';

/** Longest time that a record waits before it is written. */
const FLUSH_MS = 50;
/** Pause after a failed write before the next attempt. */
const RETRY_MS = 1_000;
/**
 * Records that may wait while the store is unavailable. Beyond this bound records are dropped and counted, except those of shards
 * with less than their part of it: a shard that is unavailable takes no other shard's room.
 */
const MAX_WAITING = 10_000;
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

/**
 * Collects audit records from calls and writes them in batches to the log and the store, outside the calls' critical path. Each
 * shard of the store has its own queue and its own batches.
 */
export class AuditWriter implements AuditSink {
  readonly #options: AuditWriterOptions;
  #unlogged: string[] = [];
  /** The queues of the shards that have had records. */
  readonly #queues = new Map<number, ShardQueue>();
  /** Pending checks whether another replica has already recorded the end of a long call. */
  readonly #endChecks = new Set<Promise<void>>();
  readonly #tags = new TagUsage();
  readonly #recent: RecentBatches;
  readonly #repair: BudgetRepair;
  readonly #stopListening: () => void;
  #restoring: Promise<void> | undefined;
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
      const { batches, records, failure } = await this.#recent.restore();
      if (batches > 0) {
        this.#options.onRestored?.(records);
        await this.#repair.start();
      }
      if (failure !== undefined) throw failure;
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
    const queue = this.#queueOf(record.tenant ?? '');
    if (this.#hasRoom(queue)) queue.add(line);
    else this.#options.metrics.auditDropped.inc();
    this.#count(queue, record, charged);
    this.#flushIn(FLUSH_MS);
  }

  #queueOf(tenant: string): ShardQueue {
    const { trail } = this.#options;
    const shard = trail.shardOf(tenant);
    let queue = this.#queues.get(shard);
    if (queue === undefined) {
      queue = new ShardQueue({ shard, trail, recent: this.#recent, onAppended: (result) => this.#report(result) });
      this.#queues.set(shard, queue);
    }
    return queue;
  }

  #hasRoom(queue: ShardQueue): boolean {
    if (queue.length * this.#queues.size < MAX_WAITING) return true;
    let waiting = 0;
    for (const { length } of this.#queues.values()) waiting += length;
    return waiting < MAX_WAITING;
  }

  #report({ setAside, lostData }: Appended): void {
    if (setAside > 0) this.#options.metrics.auditSetAside.inc(setAside);
    if (lostData) this.#lookForLoss();
  }

  /** Adds a call's amounts to the sums. A record with implausible amounts is set aside, so that it distorts no sum. */
  #count(queue: ShardQueue, record: AuditRecord, charged: readonly ChargedBudget[]): void {
    const usage = usageOfRecord(record);
    if (!isPlausible(usage)) {
      this.#options.metrics.auditSetAside.inc();
      this.#options.onSetAside?.(record);
      return;
    }
    queue.count(usage, this.#tags.of(usage, record.tags));
    for (const charge of charged) {
      const ofCharge = charge.tenant === record.tenant ? queue : this.#queueOf(charge.tenant);
      ofCharge.charge(charge, record.costNanos);
    }
  }

  /** Writes all waiting records. @throws the store's error of a shard; its records stay and the write is retried */
  async flush(): Promise<void> {
    await Promise.all(this.#endChecks);
    this.#options.logLines(this.#unlogged.splice(0));
    await this.#options.settlements?.done(SETTLEMENTS_MS);
    const results = await Promise.allSettled([...this.#queues.values()].map((queue) => queue.flush()));
    const failed = results.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      // retry later, even if no further call arrives
      this.#flushIn(RETRY_MS);
      throw failed.reason;
    }
    this.#options.health.success();
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => this.#options.health.failure(error));
    }, ms).unref();
  }
}
