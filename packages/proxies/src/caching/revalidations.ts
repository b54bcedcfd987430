import { isStreamed, type LlmCall, type LlmReply } from '@sluice/core';
import { LRUCache } from 'lru-cache';

/** Maximum number of entries that a replica replaces at one time. Further ones are replaced by a later call. */
const MAX_AT_ONCE = 100;
/** Time after a replacement in which the same entry is not replaced again, in ms: the provider may be down, or refuse the request. */
const PAUSE_MS = 5_000;
const MAX_PAUSED = 10_000;

/** Replaces expired entries in the background, each by one call at a time. */
export class Revalidations {
  readonly #revalidate: ((call: LlmCall) => Promise<LlmReply>) | undefined;
  readonly #running = new Set<string>();
  readonly #paused = new LRUCache<string, true>({ max: MAX_PAUSED, ttl: PAUSE_MS });

  /** @param revalidate makes a call of its own that stores its response */
  constructor(revalidate: ((call: LlmCall) => Promise<LlmReply>) | undefined) {
    this.#revalidate = revalidate;
  }

  /** Makes the call again, unless the entry is being replaced or could not be replaced just now. Never throws. */
  start(entry: string, call: LlmCall): void {
    if (this.#revalidate === undefined || this.#running.size >= MAX_AT_ONCE) return;
    if (this.#running.has(entry) || this.#paused.has(entry)) return;
    this.#running.add(entry);
    this.#revalidate(call)
      .then(drained)
      // its own record has the error
      .catch(() => {})
      .finally(() => {
        this.#running.delete(entry);
        this.#paused.set(entry, true);
      });
  }
}

/** Reads a reply to its end. */
async function drained(reply: LlmReply): Promise<void> {
  if (!isStreamed(reply)) return;
  reply.stream.consume({ chunk: () => true, end() {} });
  await reply.stream.outcome;
}
