import { Gauge, type GaugeConfiguration } from 'prom-client';

/** A gauge without labels that counts up and down, and passes on its value when prom-client collects it. */
export class UpDownGauge {
  readonly #gauge: Gauge;
  #value = 0;

  constructor(configuration: Pick<GaugeConfiguration<never>, 'name' | 'help' | 'registers'>) {
    this.#gauge = new Gauge({ ...configuration, collect: () => this.#gauge.set(this.#value) });
  }

  inc(): void {
    this.#value++;
  }

  dec(): void {
    this.#value--;
  }

  /** Returns the current value. */
  get(): ReturnType<Gauge['get']> {
    return this.#gauge.get();
  }
}
