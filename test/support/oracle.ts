import type { RunningSimulator } from '@sluice/simulator';
import { askAdmin } from './ask.ts';
import { parseExposition } from './exposition.ts';
import { ADMIN_KEY, type GatewayProcess } from './gateway-process.ts';
import type { Seen } from './load.ts';
import { waitFor } from './wait-for.ts';

/** A record of the audit trail, as far as the oracle reads it. */
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

/** All records of the audit trail. */
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

/** The most calls that any span of a window's length holds, by when their clients sent them and were answered. */
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
  /** Of the calls, those whose replica was killed under them: their records may be lost, and what they came to. */
  readonly lost?: (seen: Seen) => boolean;
  /** Keys and groups whose reservations must be gone. */
  readonly budgets?: readonly string[];
  /** What a provider delivered for a call, where it was not the simulator. */
  readonly delivered?: (seen: Seen) => { readonly inputTokens: number; readonly outputTokens: number };
  /** How much more often providers may have been asked than there were calls: what retries and fallbacks are allowed. */
  readonly attemptsPerCall?: number;
}

/** What is wrong, in words: nothing, if all is well. Looked at from outside, by what clients and providers saw and what is on record. */
export async function whatIsWrong(options: OracleOptions): Promise<string[]> {
  const { gateways, simulator, seen, lost = () => false, budgets = [], attemptsPerCall = 1.1 } = options;
  const wrong: string[] = [];
  const first = gateways[0] as GatewayProcess;

  // nobody waits for ever, and no end of a stream is one that is none
  for (const { id, status, text, stream, tookMs } of seen) {
    if (tookMs > 30_000) wrong.push(`${id} took ${Math.round(tookMs)} ms`);
    if (status !== 200 || !stream) continue;
    const whole = text.includes('"finish_reason":"stop"') && text.includes('[DONE]');
    if (!whole && !text.includes('"error"')) wrong.push(`${id} ended as if it were whole: …${text.slice(-120)}`);
  }

  // one record a call, and no more
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

  // what is on record is what clients were told
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

  // what is on record is what providers delivered
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

  // providers were not asked much more often than there were calls
  const asked = simulator.journal.entries.filter(({ body }) => mine.has(/call (load-[\w-]+)/.exec(body)?.[1] ?? '')).length;
  if (asked > Math.max(seen.length * attemptsPerCall, seen.length + 25)) {
    wrong.push(`providers were asked ${asked} times for ${seen.length} calls`);
  }

  // nothing is held any more
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
