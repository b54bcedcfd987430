/**
 * A goal of `npm run bench`, and its gate in CI. Ratios are relative to a bare Express 5 + undici `dispatch` pass-through of
 * the same run.
 */
export interface Goal {
  readonly what: string;
  readonly goal: number;
  readonly unit: '×' | 'ms' | 'MB' | 'KB' | '' | 'lines' | '%';
  /**
   * The limit in CI: 1.25 times the goal, or 1.25 times the best result if the goal is not met. Without a gate, CI checks
   * nothing.
   */
  readonly gate?: number;
}

/** A slower change fails, and a noisy machine does not. */
const SLACK = 1.25;

const met = (goal: number): { goal: number; gate: number } => ({ goal, gate: goal * SLACK });
/** @param reached the maximum of several runs on a noisy machine */
const missed = (goal: number, reached: number): { goal: number; gate: number } => ({ goal, gate: reached * SLACK });

export const GOALS = {
  live: { what: 'live call, 2 KB prompt, 1 KB answer: CPU a request', unit: '×', ...missed(2, 6.9) },
  hit: { what: 'cache hit: CPU a request', unit: '×', ...missed(1.1, 3.3) },
  event: { what: 'streamed event, 5 ms apart, 50 streams: CPU an event', unit: '×', ...missed(1.3, 1.9) },
  badKey: { what: 'refusing a bad key: CPU a request', unit: '×', ...missed(0.6, 1.8) },
  fullMeter: { what: 'refusing at a full meter: CPU a request', unit: '×', ...missed(0.6, 2.9) },
  longPrompt: { what: '50 KB prompt, live: CPU a request, over that of 2 KB', unit: '×', ...met(4) },
  addedP50: { what: 'added latency at 200 requests/s: p50', unit: 'ms', goal: 0.75 },
  addedP99: { what: 'added latency at 200 requests/s: p99', unit: 'ms', goal: 2.5 },
  addedFirstByte: { what: 'added time to the first streamed byte: p50', unit: 'ms', goal: 0.8 },
  redisTrips: { what: 'Redis: round trips before the answer', unit: '', ...met(1) },
  redisCommands: { what: 'Redis: commands a live call, in all', unit: '', ...met(8) },
  garbage: { what: 'garbage of a live call', unit: 'KB', ...missed(50, 115) },
  twoProcesses: { what: 'a second replica that serves as many: CPU a request, more than alone', unit: '%', goal: 10 },
  idleMemory: { what: 'memory of a process: idle', unit: 'MB', ...met(110) },
  loadedMemory: { what: 'memory of a process: loaded', unit: 'MB', ...met(260) },
  memoryGrowth: { what: 'memory after very many calls, over that after 100,000', unit: '%', goal: 5 },
  metricsTime: { what: '`/metrics` with 50 models and 10 providers: time', unit: 'ms', ...met(20) },
  metricsLines: { what: '`/metrics` with 50 models and 10 providers: lines', unit: 'lines', ...met(5_000) },
  keys: { what: 'cost of a live call with 100,000 keys over that with 10', unit: '%', goal: 10 },
  models: { what: 'cost of a live call with 1,000 models over that with 10', unit: '%', goal: 10 },
  entries: { what: 'cost of a hit with 1,000,000 cache entries over that with 1,000', unit: '%', goal: 10 },
} as const satisfies Record<string, Goal>;

export type GoalName = keyof typeof GOALS;

/** The measured value per goal. A shorter run omits some goals. */
export type Results = Partial<Record<GoalName, number>>;

/** Returns a sentence for each exceeded gate. */
export function overGate(results: Results): string[] {
  return (Object.keys(results) as GoalName[]).flatMap((name) => {
    const { what, gate, unit }: Goal = GOALS[name];
    const found = results[name] as number;
    return gate !== undefined && found > gate
      ? [`${what}: ${found.toFixed(2)} ${unit}, and not more than ${gate.toFixed(2)} is let through`]
      : [];
  });
}
