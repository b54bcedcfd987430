import { Counter, type CounterConfiguration } from 'prom-client';
import { type Labels, type Series, SeriesTable, UNLABELLED } from './series.ts';

interface Increments<L extends string> extends Series {
  readonly labels: Labels<L>;
  value: number;
}

/** A counter that adds up its increments, and passes on their sums when prom-client collects it. */
export class BufferedCounter<L extends string> {
  readonly #counter: Counter<L>;
  readonly #increments: SeriesTable<L, Increments<L>>;

  constructor(configuration: CounterConfiguration<L> & { readonly labelNames: readonly L[] }) {
    const counter = new Counter<L>({ ...configuration, collect: () => this.#flush() });
    this.#counter = counter;
    this.#increments = new SeriesTable(configuration.labelNames, (values, labels) => {
      // a series exists from its first event on; a label that the metric does not have is a fault of the caller
      counter.inc({ ...labels }, 0);
      return { values, labels, value: 0 };
    });
  }

  /** @param by at least 0 */
  inc(labels: Labels<L> | number = UNLABELLED, by = 1): void {
    if (typeof labels === 'number') this.#add(UNLABELLED, labels);
    else this.#add(labels, by);
  }

  /** Returns the current values. */
  get(): ReturnType<Counter<L>['get']> {
    return this.#counter.get();
  }

  #add(labels: Labels<L>, by: number): void {
    if (!(by >= 0)) throw new RangeError(`A counter cannot be increased by ${by}.`);
    this.#increments.of(labels).value += by;
  }

  #flush(): void {
    for (const series of this.#increments.all()) {
      if (series.value > 0) this.#counter.inc({ ...series.labels }, series.value);
      series.value = 0;
    }
  }
}
