import { isStreamed, type LlmCall, type LlmProxy } from '@sluice/core';

/** The calls in flight in this process. */
export class UnderWay {
  readonly #calls = new Map<string, LlmCall>();

  begin(call: LlmCall): void {
    this.#calls.set(call.id, call);
  }

  end(call: LlmCall): void {
    this.#calls.delete(call.id);
  }

  /** Returns the calls that arrived before a time on the monotonic clock. The map preserves the order of arrival. */
  cameBefore(monotonicMs: number): LlmCall[] {
    const found: LlmCall[] = [];
    for (const call of this.#calls.values()) {
      if (call.startedAtMs > monotonicMs) break;
      found.push(call);
    }
    return found;
  }
}

/** Tracks each call as in flight from this layer until its end, including its stream. */
export function knowingUnderWay(underWay: UnderWay): LlmProxy {
  return (next) => ({
    async complete(call) {
      underWay.begin(call);
      try {
        const reply = await next.complete(call);
        if (isStreamed(reply)) void reply.stream.outcome.then(() => underWay.end(call));
        else underWay.end(call);
        return reply;
      } catch (error) {
        underWay.end(call);
        throw error;
      }
    },
  });
}
