import { type BudgetCharge, type Clock, type LlmCall, toUsd, usd } from '@sluice/core';
import { type AuditRecord, recordOf, type UnderWay } from '@sluice/proxies';
import type { CallsUnderWay, CallUnderWay, Meters } from '@sluice/store/ports';

/** How often this replica says how its long calls are, and from what age on a call is one. */
const BEAT_MS = 1_000;
/** How often it looks for replicas that have died, and how long such a one has been silent. */
const LOOK_MS = 10_000;
const SILENT_MS = 30_000;
/** So long the store must have been there: when it comes back, the others have to be heard before they are taken for dead. */
const SETTLED_MS = 15_000;

/** The end of a call whose replica has died. */
const CRASHED = { outcome: 'failed', status: 502, error: 'gateway_crashed' } as const;

/** What is kept of a long call, in case that its replica dies. */
interface Testament {
  readonly record: AuditRecord;
  readonly charged: readonly BudgetCharge[];
}

export interface CrashWatchOptions {
  readonly underWay: Pick<UnderWay, 'cameBefore'>;
  readonly store: CallsUnderWay;
  readonly meters: Pick<Meters, 'settle'>;
  readonly clock: Clock;
  /** Which replica. */
  readonly replica: string;
  /** Whether the store answers now. */
  readonly healthy: () => boolean;
  /** Given the record of a call whose replica has died. */
  readonly write: (record: AuditRecord, charged: readonly BudgetCharge[]) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * Sees to it that a call does not vanish with its replica. Every replica tells the store once a second how its calls of more than a second are; when one is
 * silent, another one takes what it had, charges it for what had come, and writes its record. A call is told of by one of them: by its own replica, which
 * asks before it writes the record of a call that the store knows of, or by who took it.
 */
export class CrashWatch {
  readonly #options: CrashWatchOptions;
  /** Calls that the store was told of, and whether it has said that it knows. */
  readonly #told = new Map<string, boolean>();
  /** Calls that somebody else has told the end of. */
  readonly #taken = new Set<string>();
  #beaten = false;
  #healthySinceMs: number | undefined;
  #lookedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;

  constructor(options: CrashWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#working ??= this.tick()
        .catch((error: unknown) => this.#options.onFault(error))
        .finally(() => {
          this.#working = undefined;
        });
    }, BEAT_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
    if (this.#beaten && this.#told.size === 0) await this.#options.store.leave(this.#options.replica);
  }

  /** Whether a call's end is not this replica's alone to tell. */
  knows(callId: string): boolean {
    return this.#told.has(callId) || this.#taken.has(callId);
  }

  /** Says that a call has ended. False where another replica has told its end already. */
  async end(callId: string): Promise<boolean> {
    if (this.#taken.delete(callId)) return false;
    const known = this.#told.get(callId);
    this.#told.delete(callId);
    try {
      const there = await this.#options.store.end(this.#options.replica, callId);
      // what the store may never have heard of nobody can have taken
      return there || known !== true;
    } catch {
      return true;
    }
  }

  /** One beat, and a look at the others when it is time. */
  async tick(): Promise<void> {
    const { clock, healthy } = this.#options;
    const nowMs = clock.monotonic();
    this.#healthySinceMs = healthy() ? (this.#healthySinceMs ?? nowMs) : undefined;
    if (this.#healthySinceMs === undefined) return;
    await this.#beat(nowMs);
    if (nowMs - this.#healthySinceMs < SETTLED_MS || nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = nowMs;
    for (const call of await this.#options.store.takeDead(SILENT_MS)) await this.#tellEnd(call);
  }

  async #beat(nowMs: number): Promise<void> {
    const { underWay, store, replica } = this.#options;
    const long = underWay.cameBefore(nowMs - BEAT_MS).filter(({ id }) => !this.#taken.has(id));
    if (long.length === 0 && this.#told.size === 0) {
      if (this.#beaten) await store.leave(replica);
      this.#beaten = false;
      return;
    }
    for (const { id } of long) if (!this.#told.has(id)) this.#told.set(id, false);
    this.#beaten = true;
    const calls = long.map((call) => ({ callId: call.id, state: JSON.stringify(this.#testamentOf(call)) }));
    if (await store.beat({ replica, calls })) {
      for (const { id } of long) if (this.#told.has(id)) this.#told.set(id, true);
      return;
    }
    // this replica was taken for dead: what the store had known of is told by somebody else
    for (const [id, known] of this.#told) if (known) this.#taken.add(id);
    this.#told.clear();
  }

  #testamentOf(call: LlmCall): Testament {
    const { facts } = call;
    const record = recordOf(call, CRASHED, this.#options.clock);
    if (facts.cache === 'hit' || !facts.account.isInFlight) return { record, charged: facts.charged };
    const { usage = { inputTokens: 0, outputTokens: 0 }, cost } = facts.account.accruedIfEndedNow();
    const tokens = { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, estimated: true };
    return { record: { ...record, ...tokens, costUsd: cost === undefined ? null : toUsd(cost) }, charged: facts.charged };
  }

  async #tellEnd({ callId, state }: CallUnderWay): Promise<void> {
    const { meters, write, onFault } = this.#options;
    const { record, charged } = JSON.parse(state) as Testament;
    const [first] = charged;
    // of a session, the turns before the last one are settled
    const { callId: reservedBy = callId, settled = 0 } = first?.turn ?? {};
    const actual = Math.max(0, usd(record.costUsd ?? 0) - settled);
    if (first !== undefined) {
      const holds = charged.map(({ subject, period, endsAtMs, reserved }) => ({
        hold: {
          ...({ kind: 'budget', meter: 'budget', limit: 0, leaseMs: 0 } as const),
          ...{ subject, period, endsAtMs, amount: reserved },
        },
        receipt: 0,
        actual,
      }));
      await meters.settle({ tenant: first.tenant, subject: first.subject, callId: reservedBy, holds }).catch(onFault);
    }
    write(record, charged);
  }
}
