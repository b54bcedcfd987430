import { longDurationMs } from '@sluice/config';
import { type Command, InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { type UsageRow, usageSchema } from '../control-plane/schemas/report-schemas.ts';
import type { AdminClient } from './admin-client.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';
import { type Column, csv, dollars } from './output.ts';

type Usage = z.output<typeof usageSchema>;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Parses a day, or a number of days ago: `7d` means today and the six days before. */
function day(text: string): string {
  const duration = longDurationMs.safeParse(text);
  if (duration.success) return dayOf(Date.now() - duration.data + (duration.data >= 86_400_000 ? 86_400_000 : 0));
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('expected a day such as 2026-11-24, or an age such as 7d');
  }
  return text;
}

/** Returns the columns of a grouping: its names, then the figures. */
const columnsOf = (by: readonly string[]): Column<UsageRow>[] => [
  ...by.map((name): Column<UsageRow> => [name.toUpperCase(), (row) => row[name] || '-']),
  ['CALLS', ({ calls }) => calls],
  ['ERRORS', ({ errors }) => errors],
  ['HITS', ({ hits }) => hits],
  ['INPUT', ({ inputTokens }) => inputTokens],
  ['OUTPUT', ({ outputTokens }) => outputTokens],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
  ['SAVED USD', ({ savedUsd }) => dollars(savedUsd)],
  ['AVERAGE', ({ averageLatencyMs }) => `${averageLatencyMs} ms`],
];

type Query = Readonly<Record<string, string | undefined>>;

/** Returns the usage with the rows of all pages. */
async function allUsage(client: AdminClient, query: Query): Promise<Usage> {
  const first = await client.get('/usage', usageSchema, { ...query, offset: 0 });
  const rows = [...first.rows];
  for (let offset = first.nextOffset; offset !== undefined; ) {
    const page = await client.get('/usage', usageSchema, { ...query, offset });
    rows.push(...page.rows);
    offset = page.nextOffset;
  }
  const { nextOffset: _next, ...usage } = first;
  return { ...usage, rows };
}

/** Returns all figures as CSV. */
function usageCsv({ by, rows, total }: Usage): string {
  const names = [...by, ...Object.keys(total)];
  return csv(
    rows,
    names.map((name): Column<UsageRow> => [name, (row) => row[name]]),
  );
}

/** Adds the command `sluice usage`. */
export function addUsage(program: Command, context: Context): void {
  program
    .command('usage')
    .description('usage and cost')
    .option(
      '--by <names>',
      'dimensions, separated by commas: day, month, hour, tenant, team, key, user, tag, provider, model, reason',
      'day',
    )
    .option('--since <day>', 'first day: 2026-11-24, or 7d; default: this month', day)
    .option('--until <day>', 'last day; default: today', day)
    .option('--tenant <name>')
    .option('--team <name>')
    .option('--key <name>')
    .option('--provider <name>')
    .option('--model <name>')
    .option('--reason <code>', 'error code of unanswered calls')
    .option('--user <name>', 'end user (the tag `user`)')
    .option('--tag <name=value>')
    .option('--csv', 'print CSV with all figures')
    .action(async ({ since, until, csv: asCsv, ...query }, command: Command) => {
      if (asCsv === true && context.wantsJson(command)) throw new CliError(EXIT.usage, 'Use --csv or --json, not both.');
      const client = context.client(command);
      const { json: _, url: __, adminKeyFile: ___, ...asked } = query;
      const usage = await allUsage(client, { ...asked, from: since, to: until });
      const { by, rows, total } = usage;
      if (context.wantsJson(command)) {
        context.json(usage);
      } else if (asCsv === true) {
        context.terminal.write(`${usageCsv(usage)}\n`);
      } else {
        const last = rows.length > 1 ? [{ ...total, [by[0] ?? '']: 'TOTAL' }] : [];
        context.show(command, [...rows, ...last], columnsOf(by));
      }
    });
}
