import { setTimeout as sleep } from 'node:timers/promises';
import type { DependencyHealth } from '@sluice/core';
import type { AuditReader, StoredRecord } from '@sluice/store/ports';
import type { Logger, Metrics } from '@sluice/telemetry';
import type { DrainSink } from './drain-sink.ts';

const BATCH = 500;
/** Interval between reads of new records, and between updates of the backlog gauge. */
const EVERY_MS = 500;
const GAUGE_EVERY_MS = 5_000;
/** Pause after a failure; it doubles with each further failure. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Time for writing the backlog at shutdown. The rest is written after the next start. */
const CLOSING_MS = 2_000;

export interface AuditDrainOptions {
  /** Name of the sink: `files` or `webhook`. */
  readonly name: string;
  readonly reader: AuditReader;
  readonly sink: DrainSink;
  readonly metrics: Pick<Metrics, 'drained' | 'drainBehind' | 'drainLost'>;
  readonly health: DependencyHealth;
  readonly logger: Pick<Logger, 'error'>;
}

/**
 * Writes the audit trail to a sink, each record at least once. A record counts as processed only after the sink has stored it.
 * Another replica claims the unprocessed records of a crashed replica. The store keeps the position, so that the drain
 * continues after a restart.
 */
export class AuditDrain {
  readonly #options: AuditDrainOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: AuditDrainOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Stops after the current write, then writes the backlog if the sink accepts it within the time limit. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const { reader, sink } = this.#options;
    const last = this.#rest().then(() => reader.close());
    await Promise.race([last.catch(() => {}), sleep(CLOSING_MS, undefined, { ref: false })]);
    await sink.close().catch(() => {});
  }

  async #rest(): Promise<void> {
    const untilMs = performance.now() + CLOSING_MS;
    while ((await this.#part()) === BATCH && performance.now() < untilMs);
  }

  async #run(): Promise<void> {
    const { health } = this.#options;
    let retryMs = RETRY_MS;
    let gaugedAtMs = Number.NEGATIVE_INFINITY;
    while (!this.#stopping.signal.aborted) {
      try {
        const count = await this.#part();
        if (performance.now() - gaugedAtMs > GAUGE_EVERY_MS) {
          gaugedAtMs = performance.now();
          await this.#gauge();
        }
        if (this.#failure === undefined) health.success();
        else health.failure(this.#failure);
        retryMs = RETRY_MS;
        if (count < BATCH) await this.#pause(EVERY_MS);
      } catch (error) {
        health.failure(error);
        await this.#pause(retryMs);
        retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
      }
    }
  }

  async #gauge(): Promise<void> {
    const { name, metrics, reader } = this.#options;
    try {
      metrics.drainBehind.set({ sink: name }, await reader.behind());
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The error of a shard. The records of the other shards are written meanwhile. */
  #failure: unknown;
  /** Records that were read but not written. They belong to this replica until it writes them or crashes. */
  #unwritten: readonly StoredRecord[] = [];

  /** Writes one batch and returns its number of records. */
  async #part(): Promise<number> {
    const { name, reader, sink, metrics, logger } = this.#options;
    if (this.#unwritten.length === 0) {
      const { records, lost, failure } = await reader.read(BATCH);
      this.#unwritten = records;
      this.#failure = failure;
      if (lost > 0) {
        metrics.drainLost.inc({ sink: name }, lost);
        logger.error(
          `${lost} audit records were dropped before they were written to ${name}: the sink is too slow, or audit.keep is too small`,
        );
      }
    }
    const records = this.#unwritten;
    if (records.length === 0) return 0;
    await sink.write(records);
    this.#unwritten = [];
    try {
      await reader.finish(records.map(({ position }) => position));
    } catch (error) {
      // the records are written: a reader receives those of this shard again after `claimAfterMs`
      this.#failure = error;
    }
    metrics.drained.inc({ sink: name }, records.length);
    return records.length;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
  }
}
