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
  ['CREATED', ({ createdAtMs }) => date(createdAtMs)],
];

const role = (flags: string): Option => new Option(flags, 'the permissions').choices(['owner', 'operator', 'team', 'viewer']);

const at = (name: string): string => `/admins/${encodeURIComponent(name)}`;

/** Adds the command `sluice admins`. */
export function addAdmins(program: Command, context: Context): void {
  const admins = program.command('admins').description('administrators: create, list, change, rotate, delete');

  admins
    .command('create')
    .description('create an administrator; its key is printed once')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .option('--tenant <name>', 'restrict it to one tenant')
    .option('--team <name>', 'restrict it to one team')
    .action(async (name: string, options: { role: string; tenant?: string; team?: string }, command: Command) => {
      const { role, tenant, team } = options;
      context.showSecret(
        command,
        await context.client(command).post('/admins', { name, role, tenant, team }),
        `The administrator '${name}' was created.`,
      );
    });

  admins
    .command('list')
    .description('list all administrators')
    .action(async (_options, command: Command) => {
      const { admins } = (await context.client(command).get('/admins')) as unknown as { admins: Admin[] };
      context.show(command, admins, COLUMNS);
    });

  admins
    .command('me')
    .description('show the administrator of the current key')
    .action(async (_options, command: Command) => {
      const me = (await context.client(command).get('/admins/me')) as unknown as Admin;
      context.show(command, [me], COLUMNS, me);
    });

  admins
    .command('set')
    .description('change the role of an administrator')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .action(async (name: string, { role }: { role: string }, command: Command) => {
      const admin = (await context.client(command).patch(at(name), { role })) as unknown as Admin;
      context.show(command, [admin], COLUMNS, admin);
    });

  admins
    .command('rotate')
    .description('replace the key of an administrator at once')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      context.showSecret(
        command,
        await context.client(command).post(`${at(name)}/rotate`),
        `The administrator '${name}' has a new key.`,
      );
    });

  admins
    .command('delete')
    .description('delete an administrator')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      await context.client(command).delete(at(name));
      context.terminal.say(`The administrator '${name}' was deleted.`);
    });
}
