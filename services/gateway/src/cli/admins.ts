import { ADMIN_ROLES } from '@sluice/store/ports';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { adminSchemas } from '../control-plane/schemas/admin-schemas.ts';
import type { Context } from './context.ts';
import { type Column, date } from './output.ts';

type Admin = z.output<typeof adminSchemas.record>;

const COLUMNS: readonly Column<Admin>[] = [
  ['NAME', ({ name }) => name],
  ['ROLE', ({ role }) => role],
  ['TENANT', ({ tenant }) => tenant ?? 'all'],
  ['TEAM', ({ team }) => team ?? 'all'],
  ['CREATED', ({ createdAtMs }) => date(createdAtMs)],
];

const role = (flags: string): Option => new Option(flags, 'the permissions').choices(ADMIN_ROLES);

const at = (name: string): string => `/admins/${encodeURIComponent(name)}`;

/** Adds the command `sluice admins`. */
export function addAdmins(program: Command, context: Context): void {
  const admins = program.command('admins').description('administrators: create, list, change, rotate, delete');
  addCreate(admins, context);
  addReads(admins, context);
  addChanges(admins, context);
}

function addCreate(admins: Command, context: Context): void {
  admins
    .command('create')
    .description('create an administrator; its key is printed once')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .option('--tenant <name>', 'restrict it to one tenant')
    .option('--team <name>', 'restrict it to one team')
    .action(async (name: string, options: { role: string; tenant?: string; team?: string }, command: Command) => {
      const { role, tenant, team } = options;
      const admin = await context.client(command).post('/admins', adminSchemas.record, { name, role, tenant, team });
      context.showSecret(command, admin, `The administrator '${name}' was created.`);
    });
}

function addReads(admins: Command, context: Context): void {
  admins
    .command('list')
    .description('list all administrators')
    .action(async (_options, command: Command) => {
      const page = await context.client(command).get('/admins', adminSchemas.page);
      context.show(command, page.admins, COLUMNS);
    });

  admins
    .command('me')
    .description('show the administrator of the current key')
    .action(async (_options, command: Command) => {
      const me = await context.client(command).get('/admins/me', adminSchemas.record);
      context.show(command, [me], COLUMNS, me);
    });
}

/** Adds the commands that change, rotate and delete an administrator. */
function addChanges(admins: Command, context: Context): void {
  admins
    .command('set')
    .description('change the role of an administrator')
    .argument('<name>')
    .addOption(role('--role <role>').makeOptionMandatory())
    .action(async (name: string, { role }: { role: string }, command: Command) => {
      const admin = await context.client(command).patch(at(name), adminSchemas.record, { role });
      context.show(command, [admin], COLUMNS, admin);
    });

  admins
    .command('rotate')
    .description('replace the key of an administrator at once')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      const admin = await context.client(command).post(`${at(name)}/rotate`, adminSchemas.record);
      context.showSecret(command, admin, `The administrator '${name}' has a new key.`);
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
