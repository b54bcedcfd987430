import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { type Column, date } from './output.ts';

interface Admin {
  readonly name: string;
  readonly role: string;
  readonly tenant?: string;
  readonly team?: string;
  readonly createdAtMs?: number;
}

const COLUMNS: readonly Column<Admin>[] = [
  ['NAME', ({ name }) => name],
  ['ROLE', ({ role }) => role],
  ['TENANT', ({ tenant }) => tenant ?? 'all'],
  ['TEAM', ({ team }) => team ?? 'all'],
  ['MADE', ({ createdAtMs }) => date(createdAtMs)],
];

const role = (flags: string): Option => new Option(flags, 'what it may do').choices(['owner', 'operator', 'team', 'viewer']);

const at = (name: string): string => `/admins/${encodeURIComponent(name)}`;

/** `sluice admins`. */
export function addAdmins(program: Command, context: Context): void {
  const admins = program.command('admins').description('who may use the admin API, and what of it');

  admins
    .command('create')
    .description('make an administrator; the key is written to the output, once')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .option('--tenant <name>', 'the one tenant that it is about')
    .option('--team <name>', 'the one team that it is about')
    .action(async (name: string, options: { role: string; tenant?: string; team?: string }, command: Command) => {
      const { role, tenant, team } = options;
      context.showSecret(
        command,
        await context.client(command).post('/admins', { name, role, tenant, team }),
        `The administrator '${name}' is made.`,
      );
    });

  admins
    .command('list')
    .description('all administrators')
    .action(async (_options, command: Command) => {
      const { admins } = (await context.client(command).get('/admins')) as unknown as { admins: Admin[] };
      context.show(command, admins, COLUMNS);
    });

  admins
    .command('me')
    .description('whose key this is')
    .action(async (_options, command: Command) => {
      const me = (await context.client(command).get('/admins/me')) as unknown as Admin;
      context.show(command, [me], COLUMNS, me);
    });

  admins
    .command('set')
    .description('give an administrator another role')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .action(async (name: string, { role }: { role: string }, command: Command) => {
      const admin = (await context.client(command).patch(at(name), { role })) as unknown as Admin;
      context.show(command, [admin], COLUMNS, admin);
    });

  admins
    .command('rotate')
    .description('give an administrator another key, at once')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      context.showSecret(
        command,
        await context.client(command).post(`${at(name)}/rotate`),
        `The administrator '${name}' has another key.`,
      );
    });

  admins
    .command('delete')
    .description('take an administrator away')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      await context.client(command).delete(at(name));
      context.terminal.say(`The administrator '${name}' is gone.`);
    });
}
