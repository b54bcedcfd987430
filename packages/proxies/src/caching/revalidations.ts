import { isStreamed, type LlmCall, type LlmReply } from '@sluice/core';

/** Maximum number of entries that a replica replaces at one time. Further ones are replaced by a later call. */
const MAX_AT_ONCE = 100;

/** Replaces expired entries in the background, each by one call at a time. */
export class Revalidations {
  readonly #revalidate: ((call: LlmCall) => Promise<LlmReply>) | undefined;
  readonly #running = new Set<string>();

  /** @param revalidate makes a call of its own that stores its response */
  constructor(revalidate: ((call: LlmCall) => Promise<LlmReply>) | undefined) {
    this.#revalidate = revalidate;
  }

  /** Makes the call again, unless the entry is already being replaced. Never throws. */
  start(key: string, call: LlmCall): void {
    if (this.#revalidate === undefined || this.#running.has(key) || this.#running.size >= MAX_AT_ONCE) return;
    this.#running.add(key);
    this.#revalidate(call)
      .then(drained)
      // its own record has the error
      .catch(() => {})
      .finally(() => this.#running.delete(key));
  }
}

/** Reads a reply to its end. */
async function drained(reply: LlmReply): Promise<void> {
  if (!isStreamed(reply)) return;
  reply.stream.consume({ chunk: () => true, end() {} });
  await reply.stream.outcome;
}
