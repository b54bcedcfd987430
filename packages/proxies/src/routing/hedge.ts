import { CallAbort, type CallSignal, errorTexts, LlmError } from '@sluice/core';
import type { AttemptResult } from './attempt.ts';

export interface HedgeOptions<Chosen> {
  /** Aborts both attempts. */
  readonly signal: CallSignal;
  /** Time until the second target is called, unless the first has begun its response. */
  readonly delayMs: number;
  readonly first: Chosen;
  /** Selects another target; undefined if there is no other. */
  readonly second: () => Promise<Chosen | undefined>;
  readonly attempt: (chosen: Chosen, contest: Contest) => Promise<AttemptResult>;
}

/** How a competing attempt is aborted. */
export interface Contest {
  readonly signal: CallSignal;
  /** The reason of the signal if another attempt is faster. */
  readonly superseded: LlmError;
}

export interface HedgeResult<Chosen> {
  readonly result: AttemptResult;
  /** The target that produced the result. */
  readonly by: Chosen;
  /** Whether a second target was called. */
  readonly hedged: boolean;
}

interface Finished<Chosen> {
  readonly contender: Contender<Chosen>;
  readonly result?: AttemptResult;
  readonly error?: unknown;
}

/** One of the competing attempts, with its own abort signal. */
class Contender<Chosen> {
  readonly chosen: Chosen;
  readonly finished: Promise<Finished<Chosen>>;
  readonly #abort = new CallAbort();
  readonly #superseded = new LlmError('client_closed', errorTexts.superseded);

  constructor({ signal, attempt }: HedgeOptions<Chosen>, chosen: Chosen) {
    this.chosen = chosen;
    const contest = { signal: this.#abort, superseded: this.#superseded };
    const onAbort = (): void => this.#abort.abort(signal.reason);
    if (signal.aborted) onAbort();
    // not removed at the end of the attempt: a stream that has begun depends on it
    else signal.addEventListener('abort', onAbort, { once: true });
    this.finished = attempt(chosen, contest).then(
      (result) => ({ contender: this, result }),
      (error: unknown) => ({ contender: this, error }),
    );
  }

  /** Aborts the attempt, and cancels a response that has arrived in the meantime. */
  cancel(): void {
    this.#abort.abort(this.#superseded);
    void this.finished.then(({ result }) => {
      if (result !== undefined && result.failure === undefined) result.cancel();
    });
  }
}

/**
 * Calls a second target if the first is slower than nearly all of its calls. The response that begins first wins. The other
 * attempt is aborted, and its cost is charged. About one call in twenty is hedged, and the slowest calls become about as fast
 * as the others.
 */
export async function withHedge<Chosen>(options: HedgeOptions<Chosen>): Promise<HedgeResult<Chosen>> {
  const one = new Contender(options, options.first);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), options.delayMs);
  });
  const inTime = await Promise.race([one.finished, late]);
  clearTimeout(timer);
  const chosen = inTime === undefined ? await options.second() : undefined;
  if (chosen === undefined) return unwrap(await one.finished, false);
  const other = new Contender(options, chosen);
  const first = await Promise.race([one.finished, other.finished]);
  const second = first.contender === one ? other : one;
  if (first.result !== undefined && first.result.failure === undefined) {
    second.cancel();
    return unwrap(first, true);
  }
  const last = await second.finished;
  return unwrap(last.result === undefined && first.result !== undefined ? first : last, true);
}

function unwrap<Chosen>({ contender, result, error }: Finished<Chosen>, hedged: boolean): HedgeResult<Chosen> {
  if (result === undefined) throw error;
  return { result, by: contender.chosen, hedged };
}
