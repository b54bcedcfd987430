import { longDurationMs } from '@sluice/config';
import { type Command, InvalidArgumentError } from 'commander';
import type { Answer } from './admin-client.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';
import { type Column, csv, dollars } from './output.ts';

type Row = Readonly<Record<string, string | number>>;

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
const columnsOf = (by: readonly string[]): Column<Row>[] => [
  ...by.map((name): Column<Row> => [name.toUpperCase(), (row) => row[name] || '-']),
  ['CALLS', (row) => row['calls']],
  ['ERRORS', (row) => row['errors']],
  ['HITS', (row) => row['hits']],
  ['INPUT', (row) => row['inputTokens']],
  ['OUTPUT', (row) => row['outputTokens']],
  ['COST USD', (row) => dollars(row['costUsd'])],
  ['SAVED USD', (row) => dollars(row['savedUsd'])],
  ['AVERAGE', (row) => `${row['averageLatencyMs']} ms`],
];

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
      let whole: Answer = {};
      const rows: Row[] = [];
      for (let offset: number | undefined = 0; offset !== undefined; offset = whole['nextOffset'] as number | undefined) {
        whole = await client.get('/usage', { ...asked, from: since, to: until, offset });
        rows.push(...(whole['rows'] as Row[]));
      }
      const by = whole['by'] as string[];
      const total = whole['total'] as Row;
      if (context.wantsJson(command)) {
        const { nextOffset: _next, ...answer } = whole;
        context.json({ ...answer, rows });
      } else if (asCsv === true) {
        const names = [...by, ...Object.keys(total)];
        context.terminal.write(
          `${csv(
            rows,
            names.map((name): Column<Row> => [name, (row) => row[name]]),
          )}\n`,
        );
      } else {
        const last = rows.length > 1 ? [{ ...total, [by[0] as string]: 'TOTAL' }] : [];
        context.show(command, [...rows, ...last], columnsOf(by));
      }
    });
}
