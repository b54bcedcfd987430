import type { FailureKind } from './failure.ts';
import type { Money } from './money.ts';
import { type Spent, sumSpent } from './sum-usage.ts';
import type { Usage, UsageIssueReason } from './usage.ts';

/** How an attempt ended. `superseded`: a hedged attempt at another target was faster. */
export type AttemptOutcome = 'answered' | 'failed' | 'cancelled' | 'superseded';

/** Why an attempt failed. `truncated`: the response broke off after its begin. */
export type AttemptFailure = FailureKind | 'truncated';

/** One attempt at a target that has ended. */
export interface Attempt {
  /** The target's name, as in metric labels. */
  readonly target: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly outcome: AttemptOutcome;
  readonly reason?: AttemptFailure;
  readonly status?: number | undefined;
  /** Milliseconds until the response began or the attempt failed. */
  readonly latencyMs: number;
}

/** What an attempt costs, once it is known. */
export interface AttemptCharge extends Spent {
  /** Why the usage is an estimate; undefined if the provider reported it. */
  readonly estimated: UsageIssueReason | 'broken' | undefined;
  /** Parts without a price, missing from `cost`: `web_search`, `audio`, `service_tier`. */
  readonly unpriced: readonly string[];
}

/** An attempt in flight. */
export interface AttemptInFlight {
  /** Returns the usage and cost that would be billed if the attempt ended now. */
  accrued(): Spent;
}

/** The account of an attempt. It belongs to the attempt: another attempt of the same call cannot change it. */
export class AttemptAccount {
  readonly #attempt: AttemptInFlight;
  #charge: AttemptCharge | undefined;
  #record: Attempt | undefined;
  #upstreamMs = 0;

  constructor(attempt: AttemptInFlight) {
    this.#attempt = attempt;
  }

  /** Sets usage and cost. A call without a charge costs nothing. */
  charge(charge: AttemptCharge): void {
    this.#charge = charge;
  }

  /** Reports that a stream has begun after this time, in milliseconds. */
  begun(afterMs: number): void {
    this.#upstreamMs = afterMs;
  }

  /** Ends the attempt. @param upstreamMs duration until the end of the response */
  close(record: Attempt, upstreamMs: number): void {
    this.#record = record;
    this.#upstreamMs = upstreamMs;
  }

  get record(): Attempt | undefined {
    return this.#record;
  }

  get settled(): AttemptCharge | undefined {
    return this.#charge;
  }

  /** Time that the provider took so far: until the begin of a stream in flight, or until the end of the attempt. */
  get upstreamMs(): number {
    return this.#upstreamMs;
  }

  /** Returns what would be billed if the attempt ended now. */
  accrued(): Spent {
    if (this.#charge !== undefined) return this.#charge;
    return this.#record === undefined ? this.#attempt.accrued() : NOTHING;
  }
}

const NONE: readonly never[] = [];
const NOTHING: Spent = { usage: undefined, cost: undefined };

/**
 * The account of a call: one account per attempt. Totals are their sums.
 *
 * @example
 * const attempt = call.context.account.open({ accrued: () => ({ usage: prompt, cost: undefined }) });
 * attempt.charge({ usage, cost, estimated: undefined, unpriced: [] });
 * attempt.close({ target: 'openai/gpt-5', provider: 'openai', model: 'gpt-5', outcome: 'answered', latencyMs: 320 }, 340);
 * call.context.account.cost; // the cost of all attempts so far
 */
export class CallAccount {
  #opened: readonly AttemptAccount[] = NONE;
  #ended: readonly Attempt[] = NONE;
  #other: Spent = NOTHING;
  #isReplayed = false;

  /** Opens the account of an attempt that begins now. */
  open(attempt: AttemptInFlight): AttemptAccount {
    const account = new AttemptAccount(attempt);
    this.#opened = this.#opened.length === 0 ? [account] : [...this.#opened, account];
    return account;
  }

  /** Ends an attempt. */
  close(account: AttemptAccount, record: Attempt, upstreamMs: number): void {
    account.close(record, upstreamMs);
    this.#ended = this.#ended.length === 0 ? [record] : [...this.#ended, record];
  }

  /** Sets usage and cost of a stored response that is sent again. They are shown, and cost nothing. */
  replay(spent: Spent): void {
    this.#other = spent;
    this.#isReplayed = true;
  }

  /** Sets usage and cost of the turns of a session: no attempt produced them. */
  replace(spent: Spent): void {
    this.#other = spent;
  }

  /** Number of attempts that have begun. */
  get attempts(): number {
    return this.#opened.length;
  }

  /** The attempts that have ended, in the order of their ends. */
  get tried(): readonly Attempt[] {
    return this.#ended;
  }

  /** True for a stored response: its usage is shown, and it costs nothing. */
  get isReplayed(): boolean {
    return this.#isReplayed;
  }

  get isInFlight(): boolean {
    return this.#ended.length < this.#opened.length;
  }

  get usage(): Usage | undefined {
    return this.#sum().usage;
  }

  get cost(): Money | undefined {
    return this.#sum().cost;
  }

  /** True if a part of `usage` is an estimate. */
  get estimated(): boolean {
    for (const { settled } of this.#opened) if (settled?.estimated !== undefined) return true;
    return false;
  }

  /** Why a provider's counts were not usable, if they were not. */
  get usageIssue(): UsageIssueReason | undefined {
    let found: UsageIssueReason | undefined;
    for (const { settled } of this.#opened) {
      if (settled?.estimated !== undefined && settled.estimated !== 'broken') found = settled.estimated;
    }
    return found;
  }

  /** Parts of the call without a price, missing from `cost`. */
  get unpriced(): readonly string[] {
    if (this.#opened.length < 2) return this.#opened[0]?.settled?.unpriced ?? NONE;
    return [...new Set(this.#opened.flatMap(({ settled }) => settled?.unpriced ?? []))];
  }

  /** Milliseconds that providers took so far; of a stream in flight until it began. */
  get upstreamMs(): number {
    let sum = 0;
    for (const { upstreamMs } of this.#opened) sum += upstreamMs;
    return sum;
  }

  /** Returns what would be billed if the call ended now: the attempts that have ended, and those in flight. */
  accruedIfEndedNow(): Spent {
    return this.#opened.reduce<Spent>((sum, account) => sumSpent(sum, account.accrued()), this.#other);
  }

  #sum(): Spent {
    // one attempt is the usual case, and several layers ask
    if (this.#opened.length === 1 && this.#other === NOTHING) return this.#opened[0]?.settled ?? NOTHING;
    return this.#opened.reduce<Spent>((sum, { settled }) => (settled === undefined ? sum : sumSpent(sum, settled)), this.#other);
  }
}
