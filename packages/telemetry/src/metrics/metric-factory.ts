import { Gauge, type Registry } from 'prom-client';
import { BufferedCounter } from './buffered-counter.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { UpDownGauge } from './up-down-gauge.ts';

/** Buckets of durations in seconds, from answers of the cache to long streams. */
export const REQUEST_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** Buckets of the gateway's own part of a call, and of commands of Redis, in seconds. */
export const OVERHEAD_BUCKETS_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

/** Creates the metrics of one registry. */
export class MetricFactory {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): BufferedCounter<L> {
    return new BufferedCounter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** A gauge without labels that is changed for every call. */
  upDown(name: string, help: string): UpDownGauge {
    return new UpDownGauge({ name, help, registers: [this.#registry] });
  }

  /** @param buckets upper bounds in seconds */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]): DurationHistogram<L> {
    return new DurationHistogram({ name, help, labelNames, buckets, registry: this.#registry });
  }
}
