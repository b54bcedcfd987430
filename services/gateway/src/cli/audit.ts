import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { type AuditLine, auditSchema } from '../control-plane/schemas/report-schemas.ts';
import type { AdminClient } from './admin-client.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import { type Column, dollars } from './output.ts';

const isPresent = (value: number | null | undefined): value is number => typeof value === 'number';

const COLUMNS: readonly Column<AuditLine>[] = [
  ['TIME', ({ time }) => time.slice(0, 23).replace('T', ' ')],
  ['STATUS', ({ status, error }) => [status, error].filter(Boolean).join(' ')],
  ['KEY', ({ key }) => key],
  ['MODEL', ({ model }) => model],
  ['PROVIDER', ({ provider }) => provider],
  ['CACHE', ({ cache }) => cache],
  ['TOKENS', ({ inputTokens, outputTokens }) => (isPresent(inputTokens) ? `${inputTokens}+${outputTokens ?? 0}` : null)],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
  ['TOOK', ({ latencyMs }) => (isPresent(latencyMs) ? `${Math.round(latencyMs)} ms` : null)],
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

const FILTERS = ['tenant', 'team', 'key', 'model', 'provider', 'status', 'error', 'requestId', 'outcome'] as const;

const queryOf = (options: Readonly<Record<string, string>>): Record<string, string | undefined> =>
  Object.fromEntries(FILTERS.map((filter) => [filter, options[filter]]));

/** Adds the command `sluice audit`. */
export function addAudit(program: Command, context: Context): void {
  const audit = program.command('audit').description('audit records of calls');

  addFilters(audit.command('list').description('list matching records, newest first'))
    .option('--since <time>', 'ISO 8601')
    .option('--until <time>', 'ISO 8601')
    .action(async ({ lines, since, until, ...filters }, command: Command) => {
      const found = await newestRecords(context.client(command), { ...queryOf(filters), since, until }, lines);
      if (found.length === 0 && !context.wantsJson(command)) context.terminal.say('No matching records.');
      print(context, command, found, true);
    });

  addFilters(audit.command('tail').description('print the newest records, and follow new ones until Ctrl-C'))
    .option('--no-follow', 'stop after the newest records')
    .action(async ({ lines, follow, ...filters }, command: Command) => {
      const client = context.client(command);
      const { signal } = context.terminal;
      const query = queryOf(filters);
      const newest = (await client.get('/audit', auditSchema, { limit: 1 })).records[0]?.id ?? '0-0';
      const { records: first } = await client.get('/audit', auditSchema, { ...query, limit: lines });
      const before = first.filter(({ id }) => isAtMost(id, newest));
      print(context, command, before.reverse(), true);
      for (let after = newest; follow && !signal.aborted; ) {
        const { records, newest: scanned = after } = await client.get('/audit', auditSchema, { ...query, after, limit: 1_000 });
        print(context, command, records, before.length === 0 && after === newest);
        after = scanned;
        // an aborted wait ends the loop
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    });
}

/** Returns the newest matching records, newest first, at most `count`. */
async function newestRecords(
  client: AdminClient,
  query: Readonly<Record<string, string | undefined>>,
  count: number,
): Promise<AuditLine[]> {
  const found: AuditLine[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(1_000, count - found.length);
    const page = await client.get('/audit', auditSchema, { ...query, limit, cursor });
    found.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined && found.length < count);
  return found;
}

/**
 * Prints one JSON line or one table row per record. In a live view, the head is printed once, and each part has its own
 * column widths.
 */
function print(context: Context, command: Command, records: readonly AuditLine[], head: boolean): void {
  if (context.wantsJson(command)) {
    for (const record of records) context.terminal.write(`${JSON.stringify(record)}\n`);
  } else if (records.length > 0) {
    const columns = head ? COLUMNS : COLUMNS.map(([, cell]): Column<AuditLine> => ['', cell]);
    context.show(command, records, columns);
  }
}

/** Returns whether a position is not after another one. A position without a shard is before those with one. */
function isAtMost(position: string, other: string): boolean {
  const numbers = position.split('-').map(Number);
  const others = other.split('-').map(Number);
  for (let n = 0; n < 3; n++) {
    const difference = (numbers[n] ?? -1) - (others[n] ?? -1);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
