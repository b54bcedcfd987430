import { defined } from '@sluice/core';
import type { Command } from 'commander';
import type { z } from 'zod';
import { teamSchemas, tenantSchemas } from '../control-plane/schemas/group-schemas.ts';
import type { Context } from './context.ts';
import { budgetText, limitsText, spentText } from './limit-cells.ts';
import { addLimitOptions, limitsOf, patchOf, unsetOption } from './limit-options.ts';
import type { Column } from './output.ts';

type Group = z.output<typeof teamSchemas.record>;

type Kind = 'team' | 'tenant';

/** Adds the commands `sluice teams` and `sluice tenants`. */
export function addGroups(program: Command, context: Context, kind: Kind): void {
  new GroupCommands(program, context, kind).addCreate().addList().addShow().addSet().addStates().addDelete();
}

/** Adds the commands for teams, or those for tenants. */
class GroupCommands {
  readonly #context: Context;
  readonly #kind: Kind;
  readonly #groups: Command;
  readonly #record: typeof teamSchemas.record;
  readonly #columns: readonly Column<Group>[];

  constructor(program: Command, context: Context, kind: Kind) {
    this.#context = context;
    this.#kind = kind;
    this.#groups = program.command(`${kind}s`).description(`${kind}s and the limits that their keys share`);
    this.#record = (kind === 'team' ? teamSchemas : tenantSchemas).record;
    this.#columns = [
      ['NAME', ({ name }) => name],
      ['STATUS', ({ status }) => status],
      ...(kind === 'team' ? [['TENANT', ({ tenant }: Group) => tenant] as const] : []),
      ['LIMITS', ({ limits }) => limitsText(limits)],
      ['BUDGET', ({ budget }) => budgetText(budget)],
      ['SPENT', ({ spending }) => spentText(spending)],
    ];
  }

  addCreate(): this {
    const create = addLimitOptions(this.#groups.command('create').description(`create a ${this.#kind}`).argument('<name>'));
    if (this.#kind === 'team') create.option('--tenant <name>', 'tenant of the team');
    create.action(async (name: string, options, command: Command) => {
      const body = { name, ...defined({ tenant: options.tenant }), ...limitsOf(options) };
      this.#show(command, await this.#context.client(command).post(`/${this.#kind}s`, this.#record, body));
    });
    return this;
  }

  addList(): this {
    const list = this.#groups.command('list').description(`list all ${this.#kind}s`);
    if (this.#kind === 'team') list.option('--tenant <name>', 'only teams of this tenant');
    list.action(async ({ tenant }, command: Command) => {
      const client = this.#context.client(command);
      const found =
        this.#kind === 'team'
          ? await client.all('/teams', teamSchemas.page, (page) => page.teams, { tenant })
          : await client.all('/tenants', tenantSchemas.page, (page) => page.tenants);
      this.#context.show(command, found, this.#columns);
    });
    return this;
  }

  addShow(): this {
    this.#groups
      .command('show')
      .description(`show a ${this.#kind} and its spending`)
      .argument('<name>')
      .action(async (name: string, _options, command: Command) =>
        this.#show(command, await this.#context.client(command).get(this.#at(name), this.#record)),
      );
    return this;
  }

  addSet(): this {
    addLimitOptions(this.#groups.command('set').description(`change the limits of a ${this.#kind}`).argument('<name>'))
      .option(...unsetOption)
      .action(async (name: string, options, command: Command) => {
        const body = patchOf(limitsOf(options), options.unset);
        this.#show(command, await this.#context.client(command).patch(this.#at(name), this.#record, body));
      });
    return this;
  }

  addStates(): this {
    for (const verb of ['block', 'unblock'] as const) {
      this.#groups
        .command(verb)
        .description(verb === 'block' ? 'refuse all of its keys until it is unblocked' : 'accept its keys again')
        .argument('<name>')
        .action(async (name: string, _options, command: Command) =>
          this.#show(command, await this.#context.client(command).post(`${this.#at(name)}/${verb}`, this.#record)),
        );
    }
    return this;
  }

  addDelete(): this {
    this.#groups
      .command('delete')
      .description(`delete a ${this.#kind} without keys`)
      .argument('<name>')
      .action(async (name: string, _options, command: Command) => {
        await this.#context.client(command).delete(this.#at(name));
        this.#context.terminal.say(`The ${this.#kind} '${name}' was deleted.`);
      });
    return this;
  }

  #show(command: Command, group: Group): void {
    this.#context.show(command, [group], this.#columns, group);
  }

  #at(name: string): string {
    return `/${this.#kind}s/${encodeURIComponent(name)}`;
  }
}
