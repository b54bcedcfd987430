/** The source of time, so that a test can advance it instead of waiting. */
export interface Clock {
  /** Wall-clock time, in milliseconds since the epoch. */
  now(): number;
  /** A monotonic reading, in milliseconds. Only differences are meaningful. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
