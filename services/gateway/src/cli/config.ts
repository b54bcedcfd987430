import { ConfigError, loadConfigFile } from '@sluice/config';
import { PriceBook } from '@sluice/pricing';
import { SharedLoads } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import type { Command } from 'commander';
import { configurationSchema } from '../control-plane/schemas/report-schemas.ts';
import { Models } from '../models/models.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';

/** Adds the command `sluice config`. */
export function addConfig(program: Command, context: Context): void {
  const config = program.command('config').description('the configuration');

  config
    .command('check')
    .description('validate a configuration file: fields, environment variables, providers')
    .argument('[file]', 'configuration file', 'sluice.yaml')
    .action(async (file: string, _options, command: Command) => {
      const { environment } = context.terminal;
      try {
        const read = loadConfigFile(file, environment);
        // the check makes no network calls
        const loads = new SharedLoads({ store: memoryStores().loads, replica: 'check' });
        const models = new Models(read, environment, new PriceBook(), loads);
        const unpriced = models.describe().flatMap(({ targets }) => targets.filter(({ priced }) => !priced));
        await models.destroy();
        const counts = {
          providers: models.describe().length,
          models: Object.keys(read.models).length,
          keys: read.keys.length,
          unpricedTargets: unpriced.map(({ target }) => target),
        };
        if (context.wantsJson(command)) {
          context.json({ file, valid: true, ...counts });
          return;
        }
        context.terminal.write(
          `${file}: valid (providers: ${counts.providers}, models: ${counts.models}, keys: ${counts.keys})\n`,
        );
        for (const target of counts.unpricedTargets)
          context.terminal.say(`${target}: the price is unknown, so its cost is not counted`);
      } catch (error) {
        const text = error instanceof ConfigError ? error.message : `${file}: ${(error as Error).message}`;
        if (context.wantsJson(command)) context.json({ file, valid: false, problems: text.split('\n') });
        throw new CliError(EXIT.refused, text);
      }
    });

  config
    .command('show')
    .description('show the configuration of a running gateway, with masked secrets')
    .action(async (_options, command: Command) =>
      context.json(await context.client(command).get('/config', configurationSchema)),
    );
}
