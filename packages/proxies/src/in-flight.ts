import { type LlmCall, type LlmProxy, Slots, withEnd } from '@sluice/core';

/** The calls in flight in this process. */
export class InFlightCalls {
  readonly #calls = new Slots<LlmCall>();

  /** Adds a call and returns its slot. */
  begin(call: LlmCall): number {
    return this.#calls.add(call);
  }

  /** @param slot what `begin` returned; each slot is ended once */
  end(slot: number): void {
    this.#calls.remove(slot);
  }

  /** Returns the calls that began at or before a time on the monotonic clock, oldest first. */
  startedBefore(monotonicMs: number): LlmCall[] {
    const found = this.#calls.all().filter(({ startedAtMs }) => startedAtMs <= monotonicMs);
    return found.sort((one, other) => one.startedAtMs - other.startedAtMs);
  }
}

/** Tracks each call as in flight from this layer until its end, including its stream. */
export function trackInFlight(inFlight: InFlightCalls): LlmProxy {
  return (next) => ({
    complete(call) {
      const slot = inFlight.begin(call);
      return withEnd(
        () => next.complete(call),
        () => inFlight.end(slot),
      );
    },
  });
}
