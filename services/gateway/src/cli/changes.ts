import { type Command, Option } from 'commander';
import { type ChangeResponse, changesSchema } from '../control-plane/schemas/report-schemas.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import type { Column } from './output.ts';

/** Returns the fields that a change modified. */
function difference({ before = {}, after = {} }: ChangeResponse): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (value: unknown): string =>
    value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
  return names
    .filter((name) => text(before[name]) !== text(after[name]) && name !== 'name')
    .map((name) => `${name}: ${text(before[name])} → ${text(after[name])}`)
    .join(', ');
}

const COLUMNS: readonly Column<ChangeResponse>[] = [
  ['TIME', ({ time }) => time.slice(0, 19).replace('T', ' ')],
  ['BY', ({ admin }) => admin],
  ['WHAT', ({ action }) => action],
  ['OF', ({ name }) => name],
  ['CHANGE', difference],
];

/** Adds the command `sluice changes`. */
export function addChanges(program: Command, context: Context): void {
  program
    .command('changes')
    .description('list changes by administrators, newest first')
    .option('-n, --lines <n>', 'number of changes', wholeNumber, 20)
    .option('--admin <name>', 'only changes by this administrator')
    .addOption(new Option('--kind <kind>', 'only changes of this kind').choices(['key', 'team', 'tenant', 'admin', 'cache']))
    .option('--name <name>', 'only changes of the record with this name')
    .action(async ({ lines, admin, kind, name }, command: Command) => {
      const query = { limit: Math.min(1_000, lines), admin, kind, name };
      const { changes } = await context.client(command).get('/changes', changesSchema, query);
      context.show(command, changes, COLUMNS);
    });
}
