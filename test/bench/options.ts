/** The parts of the bench, in the order in which they run. */
export const PARTS = [
  'calls',
  'redis',
  'garbage',
  'cache',
  'start',
  'metrics',
  'latency',
  'replicas',
  'profile',
  'peers',
  'growth',
  'translation',
  'memory',
] as const;

export type Part = (typeof PARTS)[number];

/** Parts of a run with `--quick`. */
const QUICK: readonly Part[] = ['calls', 'redis', 'garbage', 'start', 'metrics', 'memory'];

export interface Options {
  readonly quick: boolean;
  readonly gate: boolean;
  readonly write: boolean;
  /** Number of calls of the memory measurement. */
  readonly calls: number;
  readonly parts: ReadonlySet<Part>;
}

const KNOWN = /^--(?:quick|gate|write|calls=\d+|only=.+)$/;

/** Parses the options of `npm run bench`. @throws Error for an unknown option or part, or for tables that would be incomplete */
export function readOptions(argv: readonly string[]): Options {
  const unknown = argv.find((one) => !KNOWN.test(one));
  if (unknown !== undefined) throw new Error(`bench: unknown option ${unknown} (scripts/bench.mjs lists all)`);
  const given = (name: string): string | undefined =>
    argv.find((one) => one.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
  const quick = argv.includes('--quick');
  const write = argv.includes('--write');
  const only = given('only')?.split(',');
  for (const name of only ?? []) {
    if (!(PARTS as readonly string[]).includes(name)) throw new Error(`bench: unknown part ${name} (known: ${PARTS.join(', ')})`);
  }
  if (write && (quick || only !== undefined)) throw new Error('bench: --write requires all parts, without --quick and --only');
  const parts = PARTS.filter((name) => (only === undefined ? !quick || QUICK.includes(name) : only.includes(name)));
  return { quick, gate: argv.includes('--gate'), write, calls: Number(given('calls') ?? 1_000_000), parts: new Set(parts) };
}
