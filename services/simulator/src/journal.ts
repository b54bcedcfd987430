import type { Usage } from '@sluice/core';

/** One request as it reached the simulator, and what became of it. */
export interface JournalEntry {
  readonly n: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The client's port: the same for requests that came over one connection. */
  readonly port: number;
  model: string;
  /** How it went: `pending` until it is over. */
  outcome: 'pending' | 'answered' | 'refused' | 'broken' | 'left';
  usage?: Usage;
  /** Of a realtime session: what the client sent, each message cut to 2,000 letters, and the code with which it closed. */
  messages?: string[];
  closeCode?: number;
  /** Of a stream, how many events were written. */
  events?: number;
  /** What it costs, in US dollars. */
  costUsd?: number;
}

const MAX_ENTRIES = 100_000;

/** What the simulator was asked, so that tests can see what reached it and what did not. */
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

  /** Calls, tokens and cost by model, of what was answered. */
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
