import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import type { Column } from './output.ts';

interface ChangeLine {
  readonly time: string;
  readonly admin: string;
  readonly action: string;
  readonly name: string;
  readonly before?: Record<string, unknown>;
  readonly after?: Record<string, unknown>;
}

/** Returns the fields that a change modified. */
function difference({ before = {}, after = {} }: ChangeLine): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (value: unknown): string =>
    value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
  return names
    .filter((name) => text(before[name]) !== text(after[name]) && name !== 'name')
    .map((name) => `${name}: ${text(before[name])} → ${text(after[name])}`)
    .join(', ');
}

const COLUMNS: readonly Column<ChangeLine>[] = [
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
      const part = await context.client(command).get('/changes', { limit: Math.min(1_000, lines), admin, kind, name });
      context.show(command, part['changes'] as ChangeLine[], COLUMNS);
    });
}
