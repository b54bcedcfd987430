import { asLlmError, type Clock } from '@sluice/core';
import type { BudgetHold, Hold, ReservationResult } from '@sluice/store/ports';
import { FairQueue } from '../targets/fair-queue.ts';
import { isBudget } from './holds.ts';

/** Calls that may wait for one budget, and for all of them, in this replica. */
const MAX_WAITING = 1_000;
const MAX_WAITING_IN_ALL = 10_000;
/** How often the store is asked for one budget, in ms: a call of another replica may have ended. */
const ASK_MS = 100;

type Reserve = () => Promise<ReservationResult>;

interface Waiting {
  readonly key: string;
  readonly reserve: Reserve;
  readonly untilMs: number;
  /** The last answer of the store; undefined before it was asked for this call. */
  refusal: ReservationResult | undefined;
  end(result: ReservationResult | Promise<ReservationResult>): void;
  fail(error: unknown): void;
}

interface Queue {
  readonly calls: FairQueue<Waiting>;
  readonly timer: NodeJS.Timeout;
  asking: boolean;
  askAgain: boolean;
}

/** What a call holds, and whose it is. */
export interface HoldsOfKey {
  readonly tenant: string;
  /** The caller's key: keys that share a budget take turns. */
  readonly key: string;
  readonly holds: readonly Hold[];
}

/**
 * Lets calls wait whose budget is reserved by calls in flight, until one of those is settled.
 *
 * First come, first served within a key, and in turns among the keys of a budget. The store is asked when a call of this replica is settled and ten times a
 * second, for the first in the queue alone.
 */
export class BudgetQueue {
  readonly #clock: Clock;
  readonly #waitMs: () => number;
  readonly #queues = new Map<string, Queue>();
  #waiting = 0;

  /** @param waitMs how long a call waits at most; 0 for not at all */
  constructor(clock: Clock, waitMs: () => number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /**
   * Reserves, and waits where calls in flight have reserved what is left. Returns the last refusal where the wait was too short.
   *
   * @throws LlmError the reason of the call's signal, where that fires first; and what `reserve` throws
   */
  async reserve(of: HoldsOfKey, signal: AbortSignal, reserve: Reserve): Promise<ReservationResult> {
    const queued = this.#queues.size === 0 ? undefined : this.#queuedFor(of);
    // calls that wait already come first
    if (queued !== undefined) return this.#wait(queued, of.key, signal, reserve, undefined);
    const result = await reserve();
    if (result.admitted || result.inFlight !== true) return result;
    const full = of.holds[result.full];
    return full === undefined || !isBudget(full) ? result : this.#wait(budgetName(of, full), of.key, signal, reserve, result);
  }

  /** Asks again for the calls that wait for these budgets: a call of them was settled. */
  settled(of: HoldsOfKey): void {
    if (this.#queues.size === 0) return;
    for (const hold of of.holds) {
      const name = isBudget(hold) ? budgetName(of, hold) : '';
      const queue = this.#queues.get(name);
      if (queue !== undefined) this.#ask(name, queue);
    }
  }

  #queuedFor(of: HoldsOfKey): string | undefined {
    return of.holds
      .filter(isBudget)
      .map((hold) => budgetName(of, hold))
      .find((name) => this.#queues.has(name));
  }

  #wait(
    name: string,
    key: string,
    signal: AbortSignal,
    reserve: Reserve,
    refusal: ReservationResult | undefined,
  ): Promise<ReservationResult> {
    const waitMs = this.#waitMs();
    const queue = this.#queueOf(name);
    if (waitMs <= 0 || this.#waiting >= MAX_WAITING_IN_ALL || queue.calls.length >= MAX_WAITING) {
      this.#closeIfEmpty(name, queue);
      return refusal === undefined ? reserve() : Promise.resolve(refusal);
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => waiting.fail(asLlmError(signal.reason));
      let over = false;
      const end = (tell: () => void): void => {
        if (over) return;
        over = true;
        signal.removeEventListener('abort', leave);
        queue.calls.remove(key, waiting);
        this.#waiting--;
        tell();
      };
      const waiting: Waiting = {
        ...{ key, reserve, refusal, untilMs: this.#clock.monotonic() + waitMs },
        end: (result) => end(() => resolve(result)),
        fail: (error) => end(() => reject(error)),
      };
      queue.calls.push(key, waiting);
      this.#waiting++;
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      if (refusal === undefined) this.#ask(name, queue);
    });
  }

  #queueOf(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue: Queue = {
      calls: new FairQueue(),
      timer: setInterval(() => this.#ask(name, queue), ASK_MS).unref(),
      asking: false,
      askAgain: false,
    };
    this.#queues.set(name, queue);
    return queue;
  }

  #ask(name: string, queue: Queue): void {
    queue.askAgain = true;
    if (queue.asking) return;
    queue.asking = true;
    void this.#serve(queue).finally(() => {
      queue.asking = false;
      this.#closeIfEmpty(name, queue);
    });
  }

  /** Reserves for one call after the other, until there is no room for the first. It never rejects: a call is told its own error. */
  async #serve(queue: Queue): Promise<void> {
    while (queue.askAgain) {
      queue.askAgain = false;
      this.#endOverdue(queue);
      for (let first = queue.calls.peek(); first !== undefined; first = queue.calls.peek()) {
        const room = await this.#serveOne(queue, first);
        if (!room) break;
      }
    }
  }

  /** Returns whether the next call may be asked for. */
  async #serveOne(queue: Queue, first: Waiting): Promise<boolean> {
    try {
      const result = await first.reserve();
      first.refusal = result;
      if (!result.admitted && result.inFlight === true) return false;
      queue.calls.served(first.key, first);
      first.end(result);
    } catch (error) {
      first.fail(error);
    }
    return true;
  }

  #endOverdue(queue: Queue): void {
    const nowMs = this.#clock.monotonic();
    for (const waiting of queue.calls.all()) {
      // a call that never was the first asks once, so that the refusal is its own
      if (waiting.untilMs <= nowMs) waiting.end(waiting.refusal ?? waiting.reserve());
    }
  }

  #closeIfEmpty(name: string, queue: Queue): void {
    if (queue.calls.length > 0 || queue.asking) return;
    clearInterval(queue.timer);
    this.#queues.delete(name);
  }
}

const budgetName = ({ tenant, key }: HoldsOfKey, { subject = key, period }: BudgetHold): string =>
  `${tenant}\n${subject}\n${period}`;
