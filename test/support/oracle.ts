import { waitFor } from '@sluice/core/testing';
import type { RunningSimulator } from '@sluice/simulator';
import { askAdmin } from './ask.ts';
import { parseExposition } from './exposition.ts';
import { ADMIN_KEY, type GatewayProcess } from './gateway-process.ts';
import type { Seen } from './load.ts';

/** The fields of an audit record that tests read. */
export interface Recorded {
  readonly requestId: string;
  readonly key: string;
  readonly team?: string;
  readonly model: string | null;
  readonly costUsd: number | null;
  readonly outcome: string;
  readonly status: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly estimated?: boolean;
  readonly cache: string;
  readonly attempts: number;
}

/** Returns all records of the audit trail. */
export async function recordsOf({ adminUrl }: Pick<GatewayProcess, 'adminUrl'>): Promise<Recorded[]> {
  const found: Recorded[] = [];
  let next = '';
  do {
    const { json, status } = await askAdmin(adminUrl, ADMIN_KEY, 'GET', `/audit?limit=1000${next}`);
    if (status !== 200) throw new Error(`the audit trail answers ${status}`);
    found.push(...(json['records'] as Recorded[]));
    next = json['next'] === undefined ? '' : `&cursor=${json['next']}`;
  } while (next !== '');
  return found;
}

/**
 * Returns the maximum number of calls in any window of this length, by the times at which their clients sent them and received
 * the responses.
 */
export function mostInAnyWindow(admitted: readonly Seen[], windowMs: number): number {
  const times = admitted.map(({ atMs, tookMs }) => atMs + tookMs).sort((a, b) => a - b);
  let most = 0;
  let from = 0;
  times.forEach((time, to) => {
    while ((times[from] as number) <= time - windowMs) from++;
    most = Math.max(most, to - from + 1);
  });
  return most;
}

export interface OracleOptions {
  readonly gateways: readonly GatewayProcess[];
  readonly simulator: RunningSimulator;
  readonly seen: readonly Seen[];
  /** Whether the call's replica was killed during the call. The record and the cost of such a call may be missing. */
  readonly lost?: (seen: Seen) => boolean;
  /** Keys and groups that must have no reservations at the end. */
  readonly budgets?: readonly string[];
  /** The tokens that a provider other than the simulator delivered for a call. */
  readonly delivered?: (seen: Seen) => { readonly inputTokens: number; readonly outputTokens: number };
  /** Maximum ratio of provider calls to client calls, including retries and fallbacks. */
  readonly attemptsPerCall?: number;
}

/**
 * Returns the problems as sentences, or an empty list. Checks only what clients, providers and the audit trail show from
 * outside.
 */
export async function whatIsWrong(options: OracleOptions): Promise<string[]> {
  const { seen, lost = () => false } = options;
  const answered = seen.filter((call) => call.status !== 0 && !lost(call));
  const records = await settledRecords(options, answered);
  return [
    ...unfinished(seen),
    ...records.problems,
    ...differentTokens(options, answered, new Map(records.found.map((record) => [record.requestId, record]))),
    ...excessAttempts(options),
    ...(await remainingReservations(options)),
  ];
}

/** Every call ends in time, and no incomplete stream ends like a complete stream. */
function unfinished(seen: readonly Seen[]): string[] {
  return seen.flatMap(({ id, status, text, stream, tookMs }) => {
    const late = tookMs > 30_000 ? [`${id} took ${Math.round(tookMs)} ms`] : [];
    if (status !== 200 || !stream) return late;
    const complete = text.includes('"finish_reason":"stop"') && text.includes('[DONE]');
    if (complete || text.includes('"error"')) return late;
    return [...late, `${id} ended like a complete stream: …${text.slice(-120)}`];
  });
}

/** Every call has exactly one record. */
async function settledRecords(
  { gateways, seen }: OracleOptions,
  answered: readonly Seen[],
): Promise<{ found: readonly Recorded[]; problems: readonly string[] }> {
  const ids = new Set(seen.map(({ id }) => id));
  let found: Recorded[] = [];
  let counts = new Map<string, number>();
  const missing = (): Seen[] => answered.filter(({ id }) => !counts.has(id));
  const problems: string[] = [];
  await waitFor(
    async () => {
      found = (await recordsOf(gateways[0] as GatewayProcess)).filter(({ requestId }) => ids.has(requestId));
      counts = new Map();
      for (const { requestId } of found) counts.set(requestId, (counts.get(requestId) ?? 0) + 1);
      return missing().length === 0;
    },
    'a record of each call',
    20_000,
  ).catch(() => {
    problems.push(`no record of ${missing().length} calls, such as ${missing()[0]?.id}`);
  });
  for (const [id, count] of counts) if (count > 1) problems.push(`${count} records of ${id}`);
  return { found, problems };
}

/** The records agree with what clients received and with what providers delivered. */
function differentTokens(
  { simulator, ...options }: OracleOptions,
  answered: readonly Seen[],
  records: ReadonlyMap<string, Recorded>,
): string[] {
  const problems: string[] = [];
  const delivered = new Map<string, { inputTokens: number; outputTokens: number }>();
  for (const { body, outcome, usage } of simulator.journal.entries) {
    const id = callIdIn(body);
    if (id !== undefined && outcome === 'answered' && usage !== undefined) delivered.set(id, usage);
  }
  const recorded = { input: 0, output: 0 };
  const provided = { input: 0, output: 0 };
  for (const call of answered) {
    const record = records.get(call.id);
    if (record === undefined) continue;
    if (call.status !== 200) {
      if (record.status !== call.status) problems.push(`${call.id} received ${call.status}, and its record has ${record.status}`);
      continue;
    }
    if (record.cache === 'hit' || record.estimated === true) continue;
    recorded.input += record.inputTokens ?? 0;
    recorded.output += record.outputTokens ?? 0;
    const usage = options.delivered?.(call) ?? delivered.get(call.id);
    provided.input += usage?.inputTokens ?? 0;
    provided.output += usage?.outputTokens ?? 0;
  }
  if (recorded.input !== provided.input || recorded.output !== provided.output) {
    problems.push(
      `the records have ${recorded.input} + ${recorded.output} tokens, providers delivered ${provided.input} + ${provided.output}`,
    );
  }
  return problems;
}

/** The number of provider calls stays close to the number of client calls. */
function excessAttempts({ simulator, seen, attemptsPerCall = 1.1 }: OracleOptions): string[] {
  const ids = new Set(seen.map(({ id }) => id));
  const attempts = simulator.journal.entries.filter(({ body }) => ids.has(callIdIn(body) ?? '')).length;
  const allowed = Math.max(seen.length * attemptsPerCall, seen.length + 25);
  return attempts > allowed ? [`providers received ${attempts} calls for ${seen.length} calls of clients`] : [];
}

/** No call stays in flight, and no reservation remains. */
async function remainingReservations({ gateways, budgets = [] }: OracleOptions): Promise<string[]> {
  const problems: string[] = [];
  for (const { adminUrl } of gateways) {
    const idle = async () => {
      const series = parseExposition(await (await fetch(`${adminUrl}/metrics`)).text());
      return series.sum('sluice_in_flight_requests', {}) === 0;
    };
    await waitFor(idle, 'no call to be in flight').catch((error: Error) => problems.push(error.message));
  }
  for (const path of budgets) {
    const free = async () => {
      const { json } = await askAdmin((gateways[0] as GatewayProcess).adminUrl, ADMIN_KEY, 'GET', path);
      return (json['spending'] as { reservedUsd: number } | undefined)?.reservedUsd === 0;
    };
    await waitFor(free, `no reservation of ${path}`, 40_000).catch((error: Error) => problems.push(error.message));
  }
  return problems;
}

/** Returns the id of the load generator's call in a request that reached a provider. */
function callIdIn(body: string): string | undefined {
  return /call (load-[\w-]+)/.exec(body)?.[1];
}
