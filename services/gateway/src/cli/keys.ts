import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { addKeyOptions, keyTermsOf, patchOf, unsetOption } from './limit-options.ts';
import { type Column, date, dollars } from './output.ts';

export interface Spending {
  readonly spentUsd: number;
}

/** Returns the amounts spent of each budget as text. */
export const spentText = (spending: Spending | readonly Spending[] | undefined): string | null =>
  [spending ?? []]
    .flat()
    .map(({ spentUsd }) => dollars(spentUsd))
    .join(' + ') || null;

interface Key {
  readonly name: string;
  readonly status: string;
  readonly tenant: string;
  readonly team?: string;
  readonly models?: readonly string[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly budget?: string | readonly string[];
  readonly spending?: Spending | readonly Spending[];
  readonly expiresAtMs?: number;
}

export const limitsText = (limits: Readonly<Record<string, unknown>>): string | undefined => {
  const text = Object.entries(limits)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' + ') : value}`)
    .join(', ');
  return text === '' ? undefined : text;
};

const COLUMNS: readonly Column<Key>[] = [
  ['NAME', ({ name }) => name],
  ['STATUS', ({ status }) => status],
  ['TENANT', ({ tenant }) => tenant],
  ['TEAM', ({ team }) => team],
  ['MODELS', ({ models }) => models?.join(' ') ?? 'all'],
  ['LIMITS', ({ limits }) => limitsText(limits)],
  ['BUDGET', ({ budget }) => [budget ?? []].flat().join(' + ') || null],
  ['EXPIRES', ({ expiresAtMs }) => date(expiresAtMs)],
];

const ONE: readonly Column<Key>[] = [...COLUMNS, ['SPENT', ({ spending }) => spentText(spending)]];

const at = (name: string, verb?: string): string => `/keys/${encodeURIComponent(name)}${verb === undefined ? '' : `/${verb}`}`;

/** Adds the command `sluice keys`. */
export function addKeys(program: Command, context: Context): void {
  const keys = program.command('keys').description('API keys: create, list, change, rotate, block, revoke');

  addKeyOptions(
    keys
      .command('create')
      .description('create a key; its secret is printed once')
      .argument('[name]', 'name of the key; generated from the team by default')
      .option('--tenant <name>', "tenant of the key; the team's tenant by default"),
  ).action(async (name: string | undefined, options, command: Command) => {
    const called = name ?? `${options.team ?? options.tenant ?? 'key'}-${randomBytes(4).toString('hex')}`;
    const answer = await context.client(command).post('/keys', { name: called, ...keyTermsOf(options) });
    context.showSecret(command, answer, `The key '${called}' was created.`);
  });

  keys
    .command('list')
    .description('list keys')
    .option('--tenant <name>')
    .option('--team <name>')
    .addOption(new Option('--status <status>').choices(['active', 'blocked', 'expired', 'revoked']))
    .action(async ({ tenant, team, status }, command: Command) => {
      context.show(command, await context.client(command).all<Key>('/keys', 'keys', { tenant, team, status }), COLUMNS);
    });

  keys
    .command('show')
    .description('show a key and its spending')
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      const key = (await context.client(command).get(at(name))) as unknown as Key;
      context.show(command, [key], ONE, key);
    });

  addKeyOptions(keys.command('set').description('change a key; takes effect with its next call').argument('<name>'))
    .option(...unsetOption)
    .action(async (name: string, options, command: Command) => {
      const key = (await context.client(command).patch(at(name), patchOf(keyTermsOf(options), options.unset))) as unknown as Key;
      context.show(command, [key], COLUMNS, key);
    });

  keys
    .command('rotate')
    .description('replace the secret of a key; the old one stays valid for a grace period')
    .argument('<name>')
    .option('--grace <duration>', 'grace period: 24h, or none', '24h')
    .action(async (name: string, { grace }, command: Command) => {
      const answer = await context.client(command).post(at(name, 'rotate'), { grace });
      context.showSecret(
        command,
        answer,
        `The key '${name}' has a new secret; the old one is valid until ${date(answer['oldUntilMs'])} UTC.`,
      );
    });

  for (const [verb, description] of [
    ['block', 'refuse a key until it is unblocked'],
    ['unblock', 'accept a blocked key again'],
  ] as const) {
    keys
      .command(verb)
      .description(description)
      .argument('<name>')
      .action(async (name: string, _options, command: Command) => {
        const key = (await context.client(command).post(at(name, verb))) as unknown as Key;
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
