import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import { type Column, dollars } from './output.ts';

interface AuditLine {
  readonly id: string;
  readonly time: string;
  readonly status: number;
  readonly error: string | null;
  readonly key: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly latencyMs: number;
  readonly cache: string;
  readonly requestId: string;
}

const COLUMNS: readonly Column<AuditLine>[] = [
  ['TIME', ({ time }) => time.slice(0, 23).replace('T', ' ')],
  ['STATUS', ({ status, error }) => (error === null ? `${status}` : `${status} ${error}`)],
  ['KEY', ({ key }) => key],
  ['MODEL', ({ model }) => model],
  ['PROVIDER', ({ provider }) => provider],
  ['CACHE', ({ cache }) => cache],
  ['TOKENS', ({ inputTokens, outputTokens }) => (inputTokens === null ? null : `${inputTokens}+${outputTokens ?? 0}`)],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
  ['TOOK', ({ latencyMs }) => `${Math.round(latencyMs)} ms`],
  ['REQUEST', ({ requestId }) => requestId],
];

/** Interval between polls for new records. */
const EVERY_MS = 500;

const addFilters = (command: Command): Command =>
  command
    .option('-n, --lines <n>', 'number of records', wholeNumber, 20)
    .option('--tenant <name>')
    .option('--team <name>')
    .option('--key <name>')
    .option('--model <name>')
    .option('--provider <name>')
    .option('--status <code>', 'the HTTP status', wholeNumber)
    .option('--error <code>')
    .option('--request-id <id>')
    .addOption(new Option('--outcome <outcome>').choices(['answered', 'refused', 'failed', 'cancelled']));

/** Adds the command `sluice audit`. */
export function addAudit(program: Command, context: Context): void {
  const audit = program.command('audit').description('audit records of calls');

  const queryOf = ({ tenant, team, key, model, provider, status, error, requestId, outcome }: Record<string, string>) => ({
    tenant,
    team,
    key,
    model,
    provider,
    status,
    error,
    requestId,
    outcome,
  });

  /**
   * Prints one JSON line or one table row per record. In a live view, the head is printed once, and each part has its own
   * column widths.
   */
  const print = (command: Command, records: readonly AuditLine[], head: boolean): void => {
    if (context.wantsJson(command)) {
      for (const record of records) context.terminal.write(`${JSON.stringify(record)}\n`);
    } else if (records.length > 0) {
      const columns = head ? COLUMNS : COLUMNS.map(([, cell]): Column<AuditLine> => ['', cell]);
      context.show(command, records, columns);
    }
  };

  addFilters(audit.command('list').description('list matching records, newest first'))
    .option('--since <time>', 'ISO 8601')
    .option('--until <time>', 'ISO 8601')
    .action(async ({ lines, since, until, ...filters }, command: Command) => {
      const client = context.client(command);
      const found: AuditLine[] = [];
      let cursor: string | undefined;
      do {
        const limit = Math.min(1_000, lines - found.length);
        const part = await client.get('/audit', { ...queryOf(filters), since, until, limit, cursor });
        found.push(...(part['records'] as AuditLine[]));
        cursor = part['next'] as string | undefined;
      } while (cursor !== undefined && found.length < lines);
      if (found.length === 0 && !context.wantsJson(command)) context.terminal.say('No matching records.');
      print(command, found, true);
    });

  addFilters(audit.command('tail').description('print the newest records, and follow new ones until Ctrl-C'))
    .option('--no-follow', 'stop after the newest records')
    .action(async ({ lines, follow, ...filters }, command: Command) => {
      const client = context.client(command);
      const { signal } = context.terminal;
      const query = queryOf(filters);
      const newest = ((await client.get('/audit', { limit: 1 }))['records'] as AuditLine[])[0]?.id ?? '0-0';
      const first = (await client.get('/audit', { ...query, limit: lines }))['records'] as AuditLine[];
      const before = first.filter(({ id }) => isAtMost(id, newest));
      print(command, before.reverse(), true);
      for (let after = newest; follow && !signal.aborted; ) {
        const part = await client.get('/audit', { ...query, after, limit: 1_000 });
        const records = part['records'] as AuditLine[];
        print(command, records, before.length === 0 && after === newest);
        after = part['newest'] as string;
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    });
}

/** Returns whether a position is not after another one. */
function isAtMost(place: string, other: string): boolean {
  const [a = 0, b = 0] = place.split('-').map(Number);
  const [c = 0, d = 0] = other.split('-').map(Number);
  return a < c || (a === c && b <= d);
}
