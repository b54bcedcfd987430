import type { RunningSimulator } from '@sluice/simulator';
import { askAdmin } from './ask.ts';
import { parseExposition } from './exposition.ts';
import { ADMIN_KEY, type GatewayProcess } from './gateway-process.ts';
import type { Seen } from './load.ts';
import { waitFor } from './wait-for.ts';

/** The fields of an audit record that the oracle reads. */
interface Recorded {
  readonly requestId: string;
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
  const { gateways, simulator, seen, lost = () => false, budgets = [], attemptsPerCall = 1.1 } = options;
  const wrong: string[] = [];
  const first = gateways[0] as GatewayProcess;

  // every call ends in time, and no incomplete stream ends like a complete stream
  for (const { id, status, text, stream, tookMs } of seen) {
    if (tookMs > 30_000) wrong.push(`${id} took ${Math.round(tookMs)} ms`);
    if (status !== 200 || !stream) continue;
    const whole = text.includes('"finish_reason":"stop"') && text.includes('[DONE]');
    if (!whole && !text.includes('"error"')) wrong.push(`${id} ended as if it were whole: …${text.slice(-120)}`);
  }

  // every call has exactly one record
  const mine = new Set(seen.map(({ id }) => id));
  const answered = seen.filter((call) => call.status !== 0 && !lost(call));
  let records: Recorded[] = [];
  let counts = new Map<string, number>();
  const missing = (): Seen[] => answered.filter(({ id }) => !counts.has(id));
  await waitFor(
    async () => {
      records = (await recordsOf(first)).filter(({ requestId }) => mine.has(requestId));
      counts = new Map();
      for (const { requestId } of records) counts.set(requestId, (counts.get(requestId) ?? 0) + 1);
      return missing().length === 0;
    },
    'a record of each call',
    20_000,
  ).catch(() => {
    wrong.push(`no record of ${missing().length} calls, such as ${missing()[0]?.id}`);
  });
  for (const [id, count] of counts) if (count > 1) wrong.push(`${count} records of ${id}`);

  // the records agree with what clients received
  const byId = new Map(records.map((record) => [record.requestId, record]));
  let input = 0;
  let output = 0;
  for (const call of answered) {
    const record = byId.get(call.id);
    if (record === undefined) continue;
    if (call.status !== 200 && record.status !== call.status) {
      wrong.push(`${call.id} was told ${call.status}, and ${record.status} is on record`);
    }
    if (call.status !== 200 || record.cache === 'hit' || record.estimated === true) continue;
    input += record.inputTokens ?? 0;
    output += record.outputTokens ?? 0;
  }

  // the records agree with what providers delivered
  const delivered = new Map<string, { inputTokens: number; outputTokens: number }>();
  for (const { body, outcome, usage } of simulator.journal.entries) {
    const id = /call (load-[\w-]+)/.exec(body)?.[1];
    if (id !== undefined && outcome === 'answered' && usage !== undefined) delivered.set(id, usage);
  }
  let deliveredInput = 0;
  let deliveredOutput = 0;
  for (const call of answered) {
    const record = byId.get(call.id);
    if (call.status !== 200 || record === undefined || record.cache === 'hit' || record.estimated === true) continue;
    const usage = options.delivered?.(call) ?? delivered.get(call.id);
    deliveredInput += usage?.inputTokens ?? 0;
    deliveredOutput += usage?.outputTokens ?? 0;
  }
  if (input !== deliveredInput || output !== deliveredOutput) {
    wrong.push(`${input} + ${output} tokens are on record, ${deliveredInput} + ${deliveredOutput} were delivered`);
  }

  // the number of provider calls stays close to the number of client calls
  const asked = simulator.journal.entries.filter(({ body }) => mine.has(/call (load-[\w-]+)/.exec(body)?.[1] ?? '')).length;
  if (asked > Math.max(seen.length * attemptsPerCall, seen.length + 25)) {
    wrong.push(`providers were asked ${asked} times for ${seen.length} calls`);
  }

  // no reservation remains
  for (const { adminUrl } of gateways) {
    const idle = async () => {
      const series = parseExposition(await (await fetch(`${adminUrl}/metrics`)).text());
      return series.sum('sluice_in_flight_requests', {}) === 0;
    };
    await waitFor(idle, 'nothing to be in flight').catch((error: Error) => wrong.push(error.message));
  }
  for (const path of budgets) {
    const free = async () => {
      const { json } = await askAdmin(first.adminUrl, ADMIN_KEY, 'GET', path);
      return (json['spending'] as { reservedUsd: number } | undefined)?.reservedUsd === 0;
    };
    await waitFor(free, `nothing of ${path} to be reserved`, 40_000).catch((error: Error) => wrong.push(error.message));
  }
  return wrong;
}
