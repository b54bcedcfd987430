import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { KEY_STATES, keySchemas } from '../control-plane/schemas/key-schemas.ts';
import type { Context } from './context.ts';
import { budgetText, limitsText, spentText } from './limit-cells.ts';
import { addKeyOptions, keyTermsOf, patchOf, unsetOption } from './limit-options.ts';
import { type Column, date } from './output.ts';

type Key = z.output<typeof keySchemas.record>;

const COLUMNS: readonly Column<Key>[] = [
  ['NAME', ({ name }) => name],
  ['STATUS', ({ status }) => status],
  ['TENANT', ({ tenant }) => tenant],
  ['TEAM', ({ team }) => team],
  ['MODELS', ({ models }) => models?.join(' ') ?? 'all'],
  ['LIMITS', ({ limits }) => limitsText(limits)],
  ['BUDGET', ({ budget }) => budgetText(budget)],
  ['EXPIRES', ({ expiresAtMs }) => date(expiresAtMs)],
];

const ONE: readonly Column<Key>[] = [...COLUMNS, ['SPENT', ({ spending }) => spentText(spending)]];

const at = (name: string, verb?: string): string => `/keys/${encodeURIComponent(name)}${verb === undefined ? '' : `/${verb}`}`;

/** Adds the command `sluice keys`. */
export function addKeys(program: Command, context: Context): void {
  const keys = program.command('keys').description('API keys: create, list, change, rotate, block, revoke');
  addCreate(keys, context);
  addListAndShow(keys, context);
  addSet(keys, context);
  addRotate(keys, context);
  addStates(keys, context);
}

function addCreate(keys: Command, context: Context): void {
  addKeyOptions(
    keys
      .command('create')
      .description('create a key; its secret is printed once')
      .argument('[name]', 'name of the key; generated from the team by default')
      .option('--tenant <name>', "tenant of the key; the team's tenant by default"),
  ).action(async (name: string | undefined, options, command: Command) => {
    const called = name ?? `${options.team ?? options.tenant ?? 'key'}-${randomBytes(4).toString('hex')}`;
    const body = { name: called, ...keyTermsOf(options) };
    const key = await context.client(command).post('/keys', keySchemas.record, body);
    context.showSecret(command, key, `The key '${called}' was created.`);
  });
}

function addListAndShow(keys: Command, context: Context): void {
  keys
    .command('list')
    .description('list keys')
    .option('--tenant <name>')
    .option('--team <name>')
    .addOption(new Option('--status <status>').choices(KEY_STATES))
    .action(async ({ tenant, team, status }, command: Command) => {
      const client = context.client(command);
      const found = await client.all('/keys', keySchemas.page, (page) => page.keys, { tenant, team, status });
      context.show(command, found, COLUMNS);
    });

  keys
    .command('show')
    .description('show a key and its spending')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      const key = await context.client(command).get(at(name), keySchemas.record);
      context.show(command, [key], ONE, key);
    });
}

function addSet(keys: Command, context: Context): void {
  addKeyOptions(keys.command('set').description('change a key; takes effect with its next call').argument('<name>'))
    .option(...unsetOption)
    .action(async (name: string, options, command: Command) => {
      const body = patchOf(keyTermsOf(options), options.unset);
      const key = await context.client(command).patch(at(name), keySchemas.record, body);
      context.show(command, [key], COLUMNS, key);
    });
}

function addRotate(keys: Command, context: Context): void {
  keys
    .command('rotate')
    .description('replace the secret of a key; the old one stays valid for a grace period')
    .argument('<name>')
    .option('--grace <duration>', 'grace period: 24h, or none', '24h')
    .action(async (name: string, { grace }, command: Command) => {
      const key = await context.client(command).post(at(name, 'rotate'), keySchemas.record, { grace });
      context.showSecret(
        command,
        key,
        `The key '${name}' has a new secret; the old one is valid until ${date(key.oldUntilMs)} UTC.`,
      );
    });
}

/** Adds the commands that block, unblock and revoke a key. */
function addStates(keys: Command, context: Context): void {
  for (const [verb, description] of [
    ['block', 'refuse a key until it is unblocked'],
    ['unblock', 'accept a blocked key again'],
  ] as const) {
    keys
      .command(verb)
      .description(description)
      .argument('<name>')
      .action(async (name: string, _options, command: Command) => {
        const key = await context.client(command).post(at(name, verb), keySchemas.record);
        context.show(command, [key], COLUMNS, key);
      });
  }

  keys
    .command('revoke')
    .alias('delete')
    .description('revoke a key permanently, on all replicas')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      await context.client(command).delete(at(name));
      context.terminal.say(`The key '${name}' is revoked.`);
    });
}
