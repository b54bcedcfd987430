import type { Command } from 'commander';
import type { Context } from './context.ts';
import { type Column, dollars, percent } from './output.ts';

export interface ProviderFigures {
  readonly name: string;
  readonly calls: number;
  readonly errors: number;
  readonly share: number;
  readonly costUsd: number;
  readonly targets: readonly Omit<Target, 'provider'>[];
}

export const PROVIDER_COLUMNS: readonly Column<ProviderFigures>[] = [
  ['PROVIDER', ({ name }) => name],
  ['CALLS', ({ calls }) => calls],
  ['SHARE', ({ share }) => percent(share)],
  ['ERRORS', ({ errors }) => errors],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
];

interface Target {
  readonly provider: string;
  readonly target: string;
  readonly models: readonly string[];
  readonly latencyMs: number | null;
  readonly inFlight: number;
  readonly state: string;
}

const TARGET_COLUMNS: readonly Column<Target>[] = [
  ['TARGET', ({ target }) => target],
  ['AS', ({ models }) => models.join(' ')],
  ['LATENCY', ({ latencyMs }) => (latencyMs === null ? null : `${Math.round(latencyMs)} ms`)],
  ['IN FLIGHT', ({ inFlight }) => inFlight],
  ['STATE', ({ state }) => state],
];

/** Adds the command `sluice providers`. */
export function addProviders(program: Command, context: Context): void {
  program
    .command('providers')
    .description('list providers, their targets and statistics')
    .action(async (_options, command: Command) => {
      const { providers } = (await context.client(command).get('/providers')) as unknown as { providers: ProviderFigures[] };
      context.show(command, providers, PROVIDER_COLUMNS);
      const targets = providers.flatMap(({ name, targets }) => targets.map((target) => ({ provider: name, ...target })));
      if (context.wantsJson(command) || targets.length === 0) return;
      context.terminal.write('\n');
      context.show(command, targets, TARGET_COLUMNS);
    });
}
