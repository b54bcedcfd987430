import { isStreamed, type LlmCall, type LlmProxy } from '@sluice/core';

/** The calls that this process has under way. */
export class UnderWay {
  readonly #calls = new Map<string, LlmCall>();

  begin(call: LlmCall): void {
    this.#calls.set(call.id, call);
  }

  end(call: LlmCall): void {
    this.#calls.delete(call.id);
  }

  /** Those that came before a time on the monotonic clock. They are kept in the order in which they came. */
  cameBefore(monotonicMs: number): LlmCall[] {
    const found: LlmCall[] = [];
    for (const call of this.#calls.values()) {
      if (call.startedAtMs > monotonicMs) break;
      found.push(call);
    }
    return found;
  }
}

/** Knows each call from here on as under way until it has ended: of a stream, its stream. */
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
