interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Series {
  type(name: string): string | undefined;
  samples(name: string): readonly Sample[];
  /** Sums all samples that have these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> | object): number;
}

/** Prometheus parses numbers as Go does, and Go accepts not-a-number in any case. prom-client writes `Nan`. */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|Nan|[+-]Inf|[-+]?[0-9.]+(?:e[-+]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`labels are not valid: ${line}`);
    const [, name = '', value = ''] = match;
    if (name in labels) throw new Error(`a label stands twice: ${line}`);
    labels[name] = value.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    at = LABEL.lastIndex;
  }
  return labels;
}

/**
 * Parses Prometheus' text format 0.0.4 strictly. Every family has one HELP and one TYPE before its samples, no series appears
 * twice, and the buckets of a histogram grow up to its count.
 *
 * @throws Error with the invalid line
 */
export function parseExposition(text: string): Series {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (helps.has(name)) throw new Error(`HELP stands twice: ${line}`);
      helps.add(name);
      continue;
    }
    if (keyword === 'TYPE') {
      if (types.has(name)) throw new Error(`TYPE stands twice: ${line}`);
      types.set(name, rest);
      continue;
    }
    const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (sample === '') throw new Error(`no sample: ${line}`);
    const family = types.has(sample) ? sample : sample.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(family) || !helps.has(family)) throw new Error(`a sample before its TYPE and HELP: ${line}`);
    const read = { name: sample, labels: labelsOf(labels, line), value: value.endsWith('Inf') ? Infinity : Number(value) };
    const identity = `${sample} ${JSON.stringify(Object.entries(read.labels).sort())}`;
    if (seen.has(identity)) throw new Error(`a series stands twice: ${line}`);
    seen.add(identity);
    samples.push(read);
  }
  const series: Series = {
    type: (name) => types.get(name),
    samples: (name) => samples.filter((sample) => sample.name === name),
    sum: (name, labels) =>
      samples
        .filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))
        .reduce((sum, sample) => sum + sample.value, 0),
  };
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(series, name);
  return series;
}

function checkHistogram(series: Series, name: string): void {
  for (const count of series.samples(`${name}_count`)) {
    const buckets = series
      .samples(`${name}_bucket`)
      .filter((bucket) => Object.entries(count.labels).every(([label, value]) => bucket.labels[label] === value));
    let before = 0;
    for (const bucket of buckets) {
      if (bucket.value < before) throw new Error(`${name}: the bucket le=${bucket.labels['le']} is less than the one before it`);
      before = bucket.value;
    }
    if (buckets.at(-1)?.labels['le'] !== '+Inf' || before !== count.value) throw new Error(`${name}: +Inf is not the count`);
  }
}
