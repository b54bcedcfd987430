import { longDurationMs } from '@sluice/config';
import { type Command, InvalidArgumentError } from 'commander';
import type { Answer } from './admin-client.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';
import { type Column, csv, dollars } from './output.ts';

type Row = Readonly<Record<string, string | number>>;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A day, or so long ago: `7d` is today and the six days before. */
function day(text: string): string {
  const duration = longDurationMs.safeParse(text);
  if (duration.success) return dayOf(Date.now() - duration.data + (duration.data >= 86_400_000 ? 86_400_000 : 0));
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('expected a day such as 2026-11-24, or a time ago such as 7d');
  }
  return text;
}

/** The columns of one grouping: what it is by, then the figures. */
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

/** `sluice usage`. */
export function addUsage(program: Command, context: Context): void {
  program
    .command('usage')
    .description('what was used and what it cost')
    .option('--by <names>', 'day, month, hour, tenant, team, key, user, tag, provider, model, reason; several with commas', 'day')
    .option('--since <day>', 'from when: 2026-11-24, or 7d; this month if not given', day)
    .option('--until <day>', 'to when; today if not given', day)
    .option('--tenant <name>')
    .option('--team <name>')
    .option('--key <name>')
    .option('--provider <name>')
    .option('--model <name>')
    .option('--reason <code>', 'why calls were not answered: an error code')
    .option('--user <name>', 'an end user (the tag `user`)')
    .option('--tag <name=value>')
    .option('--csv', 'as CSV, all figures')
    .action(async ({ since, until, csv: asCsv, ...query }, command: Command) => {
      if (asCsv === true && context.wantsJson(command)) throw new CliError(EXIT.usage, 'Give --csv or --json, not both.');
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
