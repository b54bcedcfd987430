import type { Command } from 'commander';
import type { Context } from './context.ts';
import { limitsText, type Spending, spentText } from './keys.ts';
import { addLimitOptions, limitsOf, patchOf, unsetOption } from './limit-options.ts';
import type { Column } from './output.ts';

interface Group {
  readonly name: string;
  readonly status: string;
  readonly tenant?: string;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly budget?: string | readonly string[];
  readonly spending?: Spending | readonly Spending[];
}

/** Adds the commands `sluice teams` and `sluice tenants`. */
export function addGroups(program: Command, context: Context, kind: 'team' | 'tenant'): void {
  const groups = program.command(`${kind}s`).description(`${kind}s and the limits that their keys share`);
  const at = (name: string, verb?: string): string =>
    `/${kind}s/${encodeURIComponent(name)}${verb === undefined ? '' : `/${verb}`}`;
  const columns: readonly Column<Group>[] = [
    ['NAME', ({ name }) => name],
    ['STATUS', ({ status }) => status],
    ...(kind === 'team' ? [['TENANT', ({ tenant }: Group) => tenant] as const] : []),
    ['LIMITS', ({ limits }) => limitsText(limits)],
    ['BUDGET', ({ budget }) => [budget ?? []].flat().join(' + ') || null],
    ['SPENT', ({ spending }) => spentText(spending)],
  ];
  const show = (command: Command, answer: unknown): void => context.show(command, [answer as Group], columns, answer);

  const create = addLimitOptions(groups.command('create').description(`create a ${kind}`).argument('<name>'));
  if (kind === 'team') create.option('--tenant <name>', 'tenant of the team');
  create.action(async (name: string, options, command: Command) => {
    const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
    show(command, await context.client(command).post(`/${kind}s`, { name, ...tenant, ...limitsOf(options) }));
  });

  const list = groups.command('list').description(`list all ${kind}s`);
  if (kind === 'team') list.option('--tenant <name>', 'only teams of this tenant');
  list.action(async ({ tenant }, command: Command) => {
    context.show(command, await context.client(command).all<Group>(`/${kind}s`, `${kind}s`, { tenant }), columns);
  });

  groups
    .command('show')
    .description(`show a ${kind} and its spending`)
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => show(command, await context.client(command).get(at(name))));

  addLimitOptions(groups.command('set').description(`change the limits of a ${kind}`).argument('<name>'))
    .option(...unsetOption)
    .action(async (name: string, options, command: Command) =>
      show(command, await context.client(command).patch(at(name), patchOf(limitsOf(options), options.unset))),
    );

  for (const verb of ['block', 'unblock'] as const) {
    groups
      .command(verb)
      .description(verb === 'block' ? 'refuse all of its keys until it is unblocked' : 'accept its keys again')
      .argument('<name>')
      .action(async (name: string, _options, command: Command) =>
        show(command, await context.client(command).post(at(name, verb))),
      );
  }

  groups
    .command('delete')
    .description(`delete a ${kind} without keys`)
    .argument('<name>')
    .action(async (name: string, _options, command: Command) => {
      await context.client(command).delete(at(name));
      context.terminal.say(`The ${kind} '${name}' was deleted.`);
    });
}
