import type { Usage } from '@sluice/core';

/** A request that reached the simulator, and its outcome. */
export interface JournalEntry {
  readonly n: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The client's port: equal for requests over the same connection. */
  readonly port: number;
  model: string;
  /** Outcome of the request: `pending` until it has ended. */
  outcome: 'pending' | 'answered' | 'refused' | 'broken' | 'abandoned';
  usage?: Usage;
  /** Messages that the client sent in a realtime session, each truncated to 2,000 characters, and the close code. */
  messages?: string[];
  closeCode?: number;
  /** Number of written events of a stream. */
  events?: number;
  /** Cost in US dollars. */
  costUsd?: number;
}

const MAX_ENTRIES = 100_000;

/** Records all requests to the simulator, so that tests can check what reached it. */
export class Journal {
  #entries: JournalEntry[] = [];
  #count = 0;

  open(entry: Pick<JournalEntry, 'path' | 'headers' | 'body' | 'port'>): JournalEntry {
    const opened: JournalEntry = { n: ++this.#count, ...entry, model: '', outcome: 'pending' };
    this.#entries.push(opened);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    return opened;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  clear(): void {
    this.#entries = [];
  }

  /** Returns calls, tokens and cost of answered requests by model. */
  bill(): Record<string, { calls: number; inputTokens: number; outputTokens: number; costUsd: number }> {
    const bill: ReturnType<Journal['bill']> = {};
    for (const { model, outcome, usage, costUsd } of this.#entries) {
      if (outcome !== 'answered') continue;
      bill[model] ??= { calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 };
      const line = bill[model];
      line.calls++;
      line.inputTokens += usage?.inputTokens ?? 0;
      line.outputTokens += usage?.outputTokens ?? 0;
      line.costUsd += costUsd ?? 0;
    }
    return bill;
  }
}
