import type { GatewayConfig } from '@sluice/config';
import type { Clock, DependencyHealth } from '@sluice/core';
import type { AuditTrail } from '@sluice/store/ports';
import type { Logger, Metrics } from '@sluice/telemetry';
import { AuditDrain } from './audit-drain.ts';
import type { DrainSink } from './drain-sink.ts';
import { FileSink } from './file-sink.ts';
import { WebhookSink } from './webhook-sink.ts';

type DrainConfig = GatewayConfig['audit']['drain'];

export interface DrainsOptions {
  readonly trail: Pick<AuditTrail, 'reader'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly health: (name: 'files' | 'webhook') => DependencyHealth;
  readonly logger: Logger;
}

/** Runs the configured drains. */
export class Drains {
  readonly #options: DrainsOptions;
  #config: DrainConfig | undefined;
  #running: AuditDrain[] = [];

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  /** Applies a configuration. Drains with an unchanged configuration keep running. */
  configure(config: DrainConfig): void {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    const before = this.#running;
    this.#running = [];
    const { clock } = this.#options;
    if (config.files !== undefined) this.#start('files', new FileSink(config.files.directory, clock), config.takeOver);
    if (config.webhook !== undefined) this.#start('webhook', new WebhookSink(config.webhook), config.takeOver);
    for (const drain of before) void drain.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((drain) => drain.close()));
  }

  #start(name: 'files' | 'webhook', sink: DrainSink, claimAfterMs: number): void {
    const { trail, metrics, health, logger } = this.#options;
    const reader = trail.reader({ group: name, claimAfterMs });
    this.#running.push(new AuditDrain({ name, reader, sink, metrics, health: health(name), logger }));
  }
}
