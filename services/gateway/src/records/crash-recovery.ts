import type { ChargedBudget, Clock, LlmCall } from '@sluice/core';
import {
  type AuditRecord,
  type AuditRecordJson,
  auditRecordJson,
  chargedBudgets,
  fromAuditRecordJson,
  type InFlightCalls,
  recordOf,
} from '@sluice/proxies';
import type { CallCheckpoint, CallCheckpoints, Meters } from '@sluice/store/ports';

/** Heartbeat interval, and the age from which a call counts as long. */
const HEARTBEAT_MS = 1_000;
/** Interval between searches for crashed replicas, and time without a heartbeat after which a replica counts as crashed. */
const SEARCH_MS = 10_000;
const DEAD_AFTER_MS = 30_000;
/**
 * How long the store must have been available before a search. After an outage, the other replicas first need time to
 * send a heartbeat.
 */
const SETTLED_MS = 15_000;

/** Outcome of a call when its replica has crashed. */
const CRASHED = { outcome: 'failed', status: 502, error: 'gateway_crashed' } as const;

/** Checkpoint of a long call in Redis, for the case that its replica crashes. A replica of another version may read it. */
interface Checkpoint {
  readonly record: AuditRecordJson;
  readonly charged: readonly ChargedBudget[];
}

/** Receives the records of crashed replicas' calls. */
interface RecordSink {
  write(record: AuditRecord, charged: readonly ChargedBudget[]): void;
}

export interface CrashRecoveryOptions {
  readonly inFlight: Pick<InFlightCalls, 'startedBefore'>;
  readonly store: CallCheckpoints;
  readonly meters: Pick<Meters, 'settle'>;
  readonly clock: Clock;
  /** Id of this replica. */
  readonly replica: string;
  /** Returns whether the store is available now. */
  readonly healthy: () => boolean;
  readonly onFault: (error: unknown) => void;
}

/**
 * Ensures that each call is recorded even if its replica crashes.
 *
 * Each replica writes a checkpoint of its calls that are older than a second, once a second. If a replica's heartbeat stops,
 * another replica claims its checkpoints, charges the accrued usage and writes the audit records. Exactly one replica records
 * the end of a call. The call's own replica asks the store before it writes the record of a checkpointed call; otherwise the
 * replica that claimed the call writes the record.
 */
export class CrashRecovery {
  readonly #options: CrashRecoveryOptions;
  /** Checkpointed calls, and whether the store has confirmed the checkpoint. */
  readonly #checkpointed = new Map<string, boolean>();
  /** Calls that another replica has recorded. */
  readonly #claimedElsewhere = new Set<string>();
  #isRegistered = false;
  #healthySinceMs: number | undefined;
  #searchedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #sink: RecordSink | undefined;

  constructor(options: CrashRecoveryOptions) {
    this.#options = options;
  }

  /** Sets the sink for records of crashed replicas' calls. The sink itself asks this object before it writes a record. */
  writeTo(sink: RecordSink): void {
    this.#sink = sink;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#working ??= this.tick()
        .catch((error: unknown) => this.#options.onFault(error))
        .finally(() => {
          this.#working = undefined;
        });
    }, HEARTBEAT_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
    if (this.#isRegistered && this.#checkpointed.size === 0) await this.#options.store.deregister(this.#options.replica);
  }

  /** Returns whether another replica may record the end of this call. */
  isCheckpointed(callId: string): boolean {
    // an id has to be hashed for a lookup, and most calls end before their first checkpoint
    if (this.#checkpointed.size + this.#claimedElsewhere.size === 0) return false;
    return this.#checkpointed.has(callId) || this.#claimedElsewhere.has(callId);
  }

  /** Reports the end of a call. Returns false if another replica has already recorded it. */
  async end(callId: string): Promise<boolean> {
    if (this.#claimedElsewhere.delete(callId)) return false;
    const known = this.#checkpointed.get(callId);
    this.#checkpointed.delete(callId);
    try {
      const isKnown = await this.#options.store.end(this.#options.replica, callId);
      // no replica can have claimed a call without a confirmed checkpoint
      return isKnown || known !== true;
    } catch {
      return true;
    }
  }

  /** Sends one heartbeat and, when due, claims the calls of crashed replicas. */
  async tick(): Promise<void> {
    const { clock, healthy } = this.#options;
    const nowMs = clock.monotonic();
    this.#healthySinceMs = healthy() ? (this.#healthySinceMs ?? nowMs) : undefined;
    if (this.#healthySinceMs === undefined) return;
    await this.#sendHeartbeat(nowMs);
    if (nowMs - this.#healthySinceMs < SETTLED_MS || nowMs - this.#searchedAtMs < SEARCH_MS) return;
    this.#searchedAtMs = nowMs;
    for (const call of await this.#options.store.claimOrphans(DEAD_AFTER_MS)) await this.#recordEnd(call);
  }

  async #sendHeartbeat(nowMs: number): Promise<void> {
    const { inFlight, store, replica } = this.#options;
    const long = inFlight.startedBefore(nowMs - HEARTBEAT_MS).filter(({ id }) => !this.#claimedElsewhere.has(id));
    if (long.length === 0 && this.#checkpointed.size === 0) {
      if (this.#isRegistered) await store.deregister(replica);
      this.#isRegistered = false;
      return;
    }
    for (const { id } of long) if (!this.#checkpointed.has(id)) this.#checkpointed.set(id, false);
    this.#isRegistered = true;
    const calls = long.map((call) => ({ callId: call.id, state: JSON.stringify(this.#checkpointOf(call)) }));
    if (await store.heartbeat({ replica, calls })) {
      for (const { id } of long) if (this.#checkpointed.has(id)) this.#checkpointed.set(id, true);
      return;
    }
    // this replica was taken for crashed: another replica records the calls with a confirmed checkpoint
    for (const [id, known] of this.#checkpointed) if (known) this.#claimedElsewhere.add(id);
    this.#checkpointed.clear();
  }

  #checkpointOf(call: LlmCall): Checkpoint {
    return { record: auditRecordJson(this.#recordIfEndedNow(call)), charged: chargedBudgets.get(call) };
  }

  #recordIfEndedNow(call: LlmCall): AuditRecord {
    const { account } = call.context;
    const record = recordOf(call, CRASHED, this.#options.clock);
    if (!account.isInFlight) return record;
    const { usage = { inputTokens: 0, outputTokens: 0 }, cost } = account.accruedIfEndedNow();
    const { inputTokens, outputTokens } = usage;
    return { ...record, inputTokens, outputTokens, estimated: true, costNanos: cost };
  }

  async #recordEnd({ callId, state }: CallCheckpoint): Promise<void> {
    const { meters, onFault } = this.#options;
    const { record: json, charged } = JSON.parse(state) as Checkpoint;
    const record = fromAuditRecordJson(json);
    const [first] = charged;
    // the turns of a session before the last one are settled
    const { callId: reservedBy = callId, settled = 0 } = first?.turn ?? {};
    const actual = Math.max(0, (record.costNanos ?? 0) - settled);
    if (first !== undefined) {
      const charges = charged.map(({ subject, period, endsAtMs, reserved }) => ({
        charge: {
          ...({ kind: 'budget', meter: 'budget', limit: 0, leaseMs: 0 } as const),
          ...{ subject, period, endsAtMs, amount: reserved },
        },
        actual,
      }));
      await meters.settle({ tenant: first.tenant, subject: first.subject, callId: reservedBy, charges }).catch(onFault);
    }
    this.#sink?.write(record, charged);
  }
}
