import { type LlmCall, LlmError } from '@sluice/core';
import type { Race, Tried } from './attempts.ts';

export interface HedgeOptions<Chosen> {
  readonly call: LlmCall;
  /** How long the first has to begin its answer. */
  readonly afterMs: number;
  readonly first: Chosen;
  /** Another one to ask; undefined where there is none. */
  readonly second: () => Promise<Chosen | undefined>;
  readonly attempt: (call: LlmCall, chosen: Chosen, race: Race) => Promise<Tried>;
}

export interface Raced<Chosen> {
  readonly tried: Tried;
  /** Whose outcome it is. */
  readonly by: Chosen;
  /** Whether a second one was asked. */
  readonly hedged: boolean;
}

/** One that was asked, under a signal of its own. */
class Runner<Chosen> {
  readonly chosen: Chosen;
  readonly done: Promise<{ readonly runner: Runner<Chosen>; readonly tried?: Tried; readonly error?: unknown }>;
  readonly #own = new AbortController();
  readonly #lost = new LlmError('client_closed', 'Another target was quicker.');

  constructor({ call, attempt }: HedgeOptions<Chosen>, chosen: Chosen) {
    this.chosen = chosen;
    const signal = AbortSignal.any([call.signal, this.#own.signal]);
    this.done = attempt({ ...call, signal }, chosen, { lost: this.#lost }).then(
      (tried) => ({ runner: this, tried }),
      (error: unknown) => ({ runner: this, error }),
    );
  }

  /** Stops it; an answer that has come meanwhile is given up. */
  lose(): void {
    this.#own.abort(this.#lost);
    void this.done.then(({ tried }) => {
      if (tried !== undefined && tried.failure === undefined) tried.abandon();
    });
  }
}

/**
 * Asks a second target where the first takes longer than it nearly ever does, and takes the answer that begins first; the other is aborted, and what it
 * had come to is charged. For one call in twenty two are made, and the slowest of them become as fast as others.
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
