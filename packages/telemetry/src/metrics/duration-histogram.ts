import type { Histogram, Metric, Registry } from 'prom-client';
import { type Labels, type Series, SeriesTable, UNLABELLED } from './series.ts';

interface Observations<L extends string> extends Series {
  readonly labels: Labels<L>;
  /** Number of observations per bucket, not cumulative; the last one is above all bounds. */
  readonly buckets: number[];
  sum: number;
  count: number;
}

type Exported<L extends string> = Awaited<ReturnType<Histogram<L>['get']>>;

export interface HistogramOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** Upper bounds in seconds, ascending. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/**
 * A histogram with its own series in a registry of prom-client. A histogram of prom-client takes eight times as long for each
 * observation.
 */
export class DurationHistogram<L extends string> {
  readonly name: string;
  readonly type = 'histogram';
  readonly labelNames: readonly L[];
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #observations: SeriesTable<L, Observations<L>>;

  constructor({ name, help, labelNames, buckets, registry }: HistogramOptions<L>) {
    this.name = name;
    this.labelNames = labelNames;
    this.#help = help;
    this.#bounds = buckets;
    this.#observations = new SeriesTable(labelNames, (values, labels) => ({
      values,
      labels,
      buckets: new Array<number>(buckets.length + 1).fill(0),
      sum: 0,
      count: 0,
    }));
    // like prom-client, a histogram without labels exists before its first observation
    if (labelNames.length === 0) this.#observations.of(UNLABELLED);
    // a registry reads only the name, the type and `get` of a metric
    registry.registerMetric(this as unknown as Metric);
  }

  observe(labels: Labels<L>, seconds: number): void {
    const observations = this.#observations.of(labels);
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    (observations.buckets[bucket] as number)++;
    observations.sum += seconds;
    observations.count++;
  }

  /** Returns the current values in prom-client's form, with cumulative buckets. */
  get(): Promise<Exported<L>> {
    const values = [...this.#observations.all()].flatMap((observations) => this.#valuesOf(observations));
    const exported = { name: this.name, help: this.#help, type: this.type, values, aggregator: 'sum' };
    return Promise.resolve(exported as unknown as Exported<L>);
  }

  #valuesOf({ labels, buckets, sum, count }: Observations<L>): object[] {
    let below = 0;
    const bucketValues = [...this.#bounds, '+Inf'].map((le, n) => {
      below += buckets[n] as number;
      return { labels: { le, ...labels }, value: below, metricName: `${this.name}_bucket` };
    });
    return [
      ...bucketValues,
      { labels, value: sum, metricName: `${this.name}_sum` },
      { labels, value: count, metricName: `${this.name}_count` },
    ];
  }
}
