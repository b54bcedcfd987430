import { asLlmError, type CallSignal, type Clock } from '@sluice/core';
import type { BudgetCharge, Charge, Exhausted, MeteredCall, ReservationResult } from '@sluice/store/ports';
import { FairQueue } from '../routing/fair-queue.ts';

/** Maximum number of calls that wait for one budget, and for all budgets, in this replica. */
const MAX_WAITING = 1_000;
const MAX_WAITING_IN_ALL = 10_000;
/** Interval of attempts to reserve for one budget, in ms: a call of another replica may have ended. */
const RETRY_MS = 100;

type Reserve<C extends Charge> = () => Promise<ReservationResult<C>>;

interface Waiting<C extends Charge> {
  readonly key: string;
  readonly reserve: Reserve<C>;
  readonly untilMs: number;
  /** The store's last refusal. Undefined before the first attempt to reserve. */
  refusal: ReservationResult<C> | undefined;
  end(result: ReservationResult<C> | Promise<ReservationResult<C>>): void;
  fail(error: unknown): void;
}

interface Queue<C extends Charge> {
  readonly calls: FairQueue<Waiting<C>>;
  readonly timer: NodeJS.Timeout;
  trying: boolean;
  tryAgain: boolean;
}

/** The charges of a call. Its subject is the key: keys that share a budget take turns. */
export interface ChargesOfKey extends Pick<MeteredCall, 'tenant' | 'subject'> {
  readonly charges: readonly Charge[];
}

/**
 * Queues calls while their budget is reserved by calls in flight.
 *
 * The queue is first in, first out for each key, and round robin among the keys of a budget. Only the first call in the queue
 * tries to reserve: whenever a call of this replica is settled, and ten times per second.
 */
export class BudgetQueue<C extends Charge = Charge> {
  readonly #clock: Clock;
  readonly #waitMs: () => number;
  readonly #queues = new Map<string, Queue<C>>();
  #waiting = 0;

  /** @param waitMs maximum wait of a call; 0 for no wait */
  constructor(clock: Clock, waitMs: () => number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** Whether no call waits for any budget. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /**
   * Reserves, and waits while calls in flight have reserved the rest of the budget. Returns the last refusal if the wait was
   * too short.
   *
   * @throws LlmError the reason of the call's signal if it aborts first, and any error of `reserve`
   */
  async reserve(of: ChargesOfKey, signal: CallSignal, reserve: Reserve<C>): Promise<ReservationResult<C>> {
    const queued = this.#queues.size === 0 ? undefined : this.#queuedFor(of);
    // waiting calls have priority
    if (queued !== undefined) return this.#wait(queued, of.subject, signal, reserve, undefined);
    return this.waitAfter(await reserve(), of, signal, reserve);
  }

  /** Waits after a first attempt to reserve, if calls in flight have reserved the rest of the budget. Otherwise returns its result. */
  waitAfter(
    result: ReservationResult<C>,
    of: ChargesOfKey,
    signal: CallSignal,
    reserve: Reserve<C>,
  ): Promise<ReservationResult<C>> | ReservationResult<C> {
    if (!isReservedByCalls(result)) return result;
    const { charge } = result;
    return charge.kind === 'budget' ? this.#wait(budgetName(of, charge), of.subject, signal, reserve, result) : result;
  }

  /** Tries again for the calls that wait for these budgets, because a call was settled. */
  settled(of: ChargesOfKey): void {
    if (this.#queues.size === 0) return;
    for (const charge of of.charges) {
      if (charge.kind !== 'budget') continue;
      const name = budgetName(of, charge);
      const queue = this.#queues.get(name);
      if (queue !== undefined) this.#tryQueue(name, queue);
    }
  }

  #queuedFor(of: ChargesOfKey): string | undefined {
    return of.charges
      .filter((charge) => charge.kind === 'budget')
      .map((charge) => budgetName(of, charge))
      .find((name) => this.#queues.has(name));
  }

  #wait(
    name: string,
    key: string,
    signal: CallSignal,
    reserve: Reserve<C>,
    refusal: ReservationResult<C> | undefined,
  ): Promise<ReservationResult<C>> {
    const waitMs = this.#waitMs();
    const queue = this.#queueOf(name);
    if (waitMs <= 0 || this.#waiting >= MAX_WAITING_IN_ALL || queue.calls.length >= MAX_WAITING) {
      this.#closeIfEmpty(name, queue);
      return refusal === undefined ? reserve() : Promise.resolve(refusal);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiting.fail(asLlmError(signal.reason));
      let over = false;
      const end = (settle: () => void): void => {
        if (over) return;
        over = true;
        signal.removeEventListener('abort', onAbort);
        queue.calls.remove(key, waiting);
        this.#waiting--;
        settle();
      };
      const waiting: Waiting<C> = {
        ...{ key, reserve, refusal, untilMs: this.#clock.monotonic() + waitMs },
        end: (result) => end(() => resolve(result)),
        fail: (error) => end(() => reject(error)),
      };
      queue.calls.push(key, waiting);
      this.#waiting++;
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      if (refusal === undefined) this.#tryQueue(name, queue);
    });
  }

  #queueOf(name: string): Queue<C> {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue: Queue<C> = {
      calls: new FairQueue(),
      timer: setInterval(() => this.#tryQueue(name, queue), RETRY_MS).unref(),
      trying: false,
      tryAgain: false,
    };
    this.#queues.set(name, queue);
    return queue;
  }

  #tryQueue(name: string, queue: Queue<C>): void {
    queue.tryAgain = true;
    if (queue.trying) return;
    queue.trying = true;
    void this.#serve(queue).finally(() => {
      queue.trying = false;
      this.#closeIfEmpty(name, queue);
    });
  }

  /**
   * Reserves for one call after the other until the budget has no room for the first. Never rejects: an error is passed to its
   * own call.
   */
  async #serve(queue: Queue<C>): Promise<void> {
    while (queue.tryAgain) {
      queue.tryAgain = false;
      this.#endOverdue(queue);
      for (let first = queue.calls.peek(); first !== undefined; first = queue.calls.peek()) {
        const room = await this.#serveOne(queue, first);
        if (!room) break;
      }
    }
  }

  /** Returns whether the next call may try to reserve. */
  async #serveOne(queue: Queue<C>, first: Waiting<C>): Promise<boolean> {
    try {
      const result = await first.reserve();
      first.refusal = result;
      if (isReservedByCalls(result)) return false;
      queue.calls.served(first.key, first);
      first.end(result);
    } catch (error) {
      first.fail(error);
    }
    return true;
  }

  #endOverdue(queue: Queue<C>): void {
    const nowMs = this.#clock.monotonic();
    for (const waiting of queue.calls.all()) {
      // a call that was never first tries once, so that it returns its own refusal
      if (waiting.untilMs <= nowMs) waiting.end(waiting.refusal ?? waiting.reserve());
    }
  }

  #closeIfEmpty(name: string, queue: Queue<C>): void {
    if (queue.calls.length > 0 || queue.trying) return;
    clearInterval(queue.timer);
    this.#queues.delete(name);
  }
}

/** Returns whether calls in flight have reserved the rest of a budget. */
const isReservedByCalls = <C extends Charge>(result: ReservationResult<C>): result is Exhausted<C> =>
  !result.admitted && result.reason === 'exhausted' && result.inFlight === true;

const budgetName = (of: ChargesOfKey, { subject = of.subject, period }: BudgetCharge): string =>
  `${of.tenant}\n${subject}\n${period}`;
