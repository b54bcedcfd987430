import { ConfigError, loadConfigFile } from '@sluice/config';
import { PriceBook } from '@sluice/pricing';
import { SharedLoads } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import type { Command } from 'commander';
import { Models } from '../models.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';

/** `sluice config`. */
export function addConfig(program: Command, context: Context): void {
  const config = program.command('config').description('the configuration');

  config
    .command('check')
    .description('say whether a gateway would take a file: fields, variables of the environment, providers')
    .argument('[file]', 'the configuration', 'sluice.yaml')
    .action(async (file: string, _options, command: Command) => {
      const { environment } = context.terminal;
      try {
        const read = loadConfigFile(file, environment);
        // nothing is called
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
          `${file}: good (providers: ${counts.providers}, models: ${counts.models}, keys: ${counts.keys})\n`,
        );
        for (const target of counts.unpricedTargets)
          context.terminal.say(`${target}: no price is known, so that its cost is not counted`);
      } catch (error) {
        const text = error instanceof ConfigError ? error.message : `${file}: ${(error as Error).message}`;
        if (context.wantsJson(command)) context.json({ file, valid: false, problems: text.split('\n') });
        throw new CliError(EXIT.refused, text);
      }
    });

  config
    .command('show')
    .description('what a running gateway has, with its secrets masked')
    .action(async (_options, command: Command) => context.json(await context.client(command).get('/config')));
}
