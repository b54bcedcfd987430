import type { Command } from 'commander';
import { type ProviderResponse, providersSchema, type TargetResponse } from '../control-plane/schemas/report-schemas.ts';
import type { Context } from './context.ts';
import { type Column, dollars, percent } from './output.ts';

export const PROVIDER_COLUMNS: readonly Column<ProviderResponse>[] = [
  ['PROVIDER', ({ name }) => name],
  ['CALLS', ({ calls }) => calls],
  ['SHARE', ({ share }) => percent(share)],
  ['ERRORS', ({ errors }) => errors],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
];

const TARGET_COLUMNS: readonly Column<TargetResponse>[] = [
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
      const { providers } = await context.client(command).get('/providers', providersSchema);
      context.show(command, providers, PROVIDER_COLUMNS);
      const targets = providers.flatMap((provider) => provider.targets);
      if (context.wantsJson(command) || targets.length === 0) return;
      context.terminal.write('\n');
      context.show(command, targets, TARGET_COLUMNS);
    });
}
