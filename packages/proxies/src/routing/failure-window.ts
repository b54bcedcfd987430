/** Limits at which a circuit opens: `consecutive` failures, or a `share` of failures in a window. */
export interface BreakerLimits {
  /** Number of consecutive failures. */
  readonly consecutive: number;
  /** Share of failed calls in a window, from 0 to 1. */
  readonly share: number;
  /** Minimum number of calls in a window for `share` to apply. */
  readonly minimum: number;
  readonly windowMs: number;
}

/** Key and request of a failed call: the request itself may be the cause. */
export interface FailureSource {
  /** The caller's key, with its tenant. */
  readonly key: string;
  /** A digest of the request. */
  readonly prompt: string;
}

const SLICES = 10;
/** More voices are no additional evidence. */
const MAX_VOICES = 16;

/** Keys and requests of failed calls. */
class Voices {
  readonly keys = new Set<string>();
  readonly prompts = new Set<string>();

  add({ key, prompt }: FailureSource): void {
    if (this.keys.size < MAX_VOICES) this.keys.add(key);
    if (this.prompts.size < MAX_VOICES) this.prompts.add(prompt);
  }
}

interface Slice {
  readonly index: number;
  calls: number;
  /** Failures that only the target can cause: no connection, no response, our credentials refused. */
  own: number;
  /** Failures that the request may have caused. */
  voiced: number;
  readonly voices: Voices;
  /** Keys with successful calls. */
  readonly answered: Set<string>;
}

/**
 * Recent results of a target.
 *
 * A failure that the request may have caused counts only together with other failures: of another request, and of another key
 * if calls of other keys succeeded in the meantime. So invalid requests of a single caller do not open the circuit for others.
 * A target that fails all calls of its only caller is still detected.
 *
 * (cockatiel's `SamplingBreaker` has the same limits. But it drops old data only with new calls, one slice per call, so that
 * failures of an hour ago can open it. It also uses the wall clock.)
 */
export class FailureWindow {
  readonly #slices: (Slice | undefined)[] = Array.from({ length: SLICES }, () => undefined);
  #ownInARow = 0;
  #inARow = 0;
  #voicesInARow = new Voices();

  /** @param key the caller's, with its tenant */
  succeeded({ windowMs }: BreakerLimits, nowMs: number, key?: string): void {
    if (this.#inARow > 0) this.#voicesInARow = new Voices();
    this.#ownInARow = 0;
    this.#inARow = 0;
    const slice = this.#slice(windowMs, nowMs);
    slice.calls++;
    if (key !== undefined && slice.answered.size < MAX_VOICES) slice.answered.add(key);
  }

  /**
   * Records a failure. Returns whether the limit is exceeded.
   *
   * @param voice undefined if the request cannot be the cause
   */
  failed(limits: BreakerLimits, nowMs: number, voice?: FailureSource): boolean {
    const slice = this.#slice(limits.windowMs, nowMs);
    slice.calls++;
    this.#inARow++;
    if (voice === undefined) {
      slice.own++;
      this.#ownInARow++;
    } else {
      slice.voiced++;
      slice.voices.add(voice);
      this.#voicesInARow.add(voice);
    }
    if (this.#ownInARow >= limits.consecutive) return true;
    if (this.#inARow >= limits.consecutive && this.#ownInARow + this.#voicesInARow.prompts.size > 1) return true;
    return this.#isOverShare(limits, slice.index);
  }

  #isOverShare({ minimum, share }: BreakerLimits, index: number): boolean {
    const slices = this.#slices.filter((slice): slice is Slice => slice !== undefined && slice.index > index - SLICES);
    const sum = (of: (slice: Slice) => number): number => slices.reduce((all, slice) => all + of(slice), 0);
    const calls = sum((slice) => slice.calls);
    const own = sum((slice) => slice.own);
    if (calls < minimum) return false;
    if (own > share * calls) return true;
    return own + sum((slice) => slice.voiced) > share * calls && isCredible(slices, own);
  }

  #slice(windowMs: number, nowMs: number): Slice {
    const index = Math.floor((nowMs * SLICES) / windowMs);
    const at = index % SLICES;
    const known = this.#slices[at];
    if (known?.index === index) return known;
    const begun: Slice = { index, calls: 0, own: 0, voiced: 0, voices: new Voices(), answered: new Set() };
    this.#slices[at] = begun;
    return begun;
  }
}

/** Returns whether failures that requests may have caused are evidence against the target. */
function isCredible(slices: readonly Slice[], own: number): boolean {
  const keys = new Set(slices.flatMap(({ voices }) => [...voices.keys]));
  const prompts = new Set(slices.flatMap(({ voices }) => [...voices.prompts]));
  if (own + prompts.size < 2) return false;
  const others = slices.some(({ answered }) => [...answered].some((key) => !keys.has(key)));
  return keys.size > 1 || !others;
}
