import { type LlmCall, LlmError } from '@sluice/core';
import type { Race, Tried } from './attempts.ts';

export interface HedgeOptions<Chosen> {
  readonly call: LlmCall;
  /** Time until the second target is called, unless the first has begun its response. */
  readonly afterMs: number;
  readonly first: Chosen;
  /** Picks another target; undefined if there is no other. */
  readonly second: () => Promise<Chosen | undefined>;
  readonly attempt: (call: LlmCall, chosen: Chosen, race: Race) => Promise<Tried>;
}

export interface Raced<Chosen> {
  readonly tried: Tried;
  /** The target that produced the outcome. */
  readonly by: Chosen;
  /** Whether a second target was called. */
  readonly hedged: boolean;
}

/** One of the racing attempts, with its own abort signal. */
class Runner<Chosen> {
  readonly chosen: Chosen;
  readonly done: Promise<{ readonly runner: Runner<Chosen>; readonly tried?: Tried; readonly error?: unknown }>;
  readonly #own = new AbortController();
  readonly #lost = new LlmError('client_closed', 'Another target was faster.');

  constructor({ call, attempt }: HedgeOptions<Chosen>, chosen: Chosen) {
    this.chosen = chosen;
    const signal = AbortSignal.any([call.signal, this.#own.signal]);
    this.done = attempt({ ...call, signal }, chosen, { lost: this.#lost }).then(
      (tried) => ({ runner: this, tried }),
      (error: unknown) => ({ runner: this, error }),
    );
  }

  /** Aborts the attempt and abandons a response that has arrived in the meantime. */
  lose(): void {
    this.#own.abort(this.#lost);
    void this.done.then(({ tried }) => {
      if (tried !== undefined && tried.failure === undefined) tried.abandon();
    });
  }
}

/**
 * Calls a second target if the first is slower than nearly all of its calls. The response that begins first wins. The other
 * attempt is aborted, and its cost is charged. About one call in twenty is hedged, and the slowest calls become about as fast
 * as the others.
 */
export async function hedged<Chosen>(options: HedgeOptions<Chosen>): Promise<Raced<Chosen>> {
  const one = new Runner(options, options.first);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), options.afterMs);
  });
  const inTime = await Promise.race([one.done, late]);
  clearTimeout(timer);
  const chosen = inTime === undefined ? await options.second() : undefined;
  if (chosen === undefined) return outcomeOf(await one.done, false);
  const other = new Runner(options, chosen);
  const first = await Promise.race([one.done, other.done]);
  const second = first.runner === one ? other : one;
  if (first.tried !== undefined && first.tried.failure === undefined) {
    second.lose();
    return outcomeOf(first, true);
  }
  const last = await second.done;
  return outcomeOf(last.tried === undefined && first.tried !== undefined ? first : last, true);
}

function outcomeOf<Chosen>({ runner, tried, error }: Awaited<Runner<Chosen>['done']>, hedged: boolean): Raced<Chosen> {
  if (tried === undefined) throw error;
  return { tried, by: runner.chosen, hedged };
}
