/** One series of a metric: its label values in the order of the label names. */
export interface Series {
  readonly values: readonly (string | undefined)[];
}

export type Labels<L extends string> = Readonly<Partial<Record<L, string>>>;

export const UNLABELLED: Labels<never> = {};

/** Series that are compared one by one, the most recent first, before the lookup by name. */
const RECENT = 4;

/**
 * Finds the series of a metric by their labels. Most events of a process have the labels of one of the last few events, and
 * comparing those is ten times as fast as the lookup of prom-client, which sorts, validates and joins the labels of each event.
 */
export class SeriesTable<L extends string, T extends Series> {
  readonly #names: readonly L[];
  readonly #create: (values: readonly (string | undefined)[], labels: Labels<L>) => T;
  readonly #byKey = new Map<string, T>();
  readonly #recent: T[] = [];

  constructor(names: readonly L[], create: (values: readonly (string | undefined)[], labels: Labels<L>) => T) {
    this.#names = names;
    this.#create = create;
  }

  of(labels: Labels<L>): T {
    const recent = this.#recent;
    for (let n = 0; n < recent.length; n++) {
      const series = recent[n] as T;
      if (this.#matches(series, labels)) {
        if (n > 0) {
          recent[n] = recent[n - 1] as T;
          recent[n - 1] = series;
        }
        return series;
      }
    }
    const series = this.#lookUp(labels);
    if (recent.length === RECENT) recent[RECENT - 1] = series;
    else recent.push(series);
    return series;
  }

  all(): Iterable<T> {
    return this.#byKey.values();
  }

  #matches({ values }: T, labels: Labels<L>): boolean {
    const names = this.#names;
    for (let n = 0; n < names.length; n++) if (labels[names[n] as L] !== values[n]) return false;
    return true;
  }

  #lookUp(labels: Labels<L>): T {
    const values = this.#names.map((name) => labels[name]);
    const key = JSON.stringify(values);
    let series = this.#byKey.get(key);
    if (series === undefined) {
      series = this.#create(values, { ...labels });
      this.#byKey.set(key, series);
    }
    return series;
  }
}
