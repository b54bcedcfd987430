/** The labels of a series. */
export type Labels<Name extends string> = Readonly<Partial<Record<Name, string>>>;

/** Counts events. */
export interface Counter<Name extends string = never> {
  inc(labels: Labels<Name>, by?: number): void;
}

/** A value that rises and falls. */
export interface Gauge {
  inc(): void;
  dec(): void;
}

/** Samples durations, in seconds. */
export interface Histogram<Name extends string = never> {
  observe(labels: Labels<Name>, seconds: number): void;
}
