import type { Command } from 'commander';
import { type CacheEntryResponse, cacheListSchema, cacheRemovalSchema } from '../control-plane/schemas/cache-schemas.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import { type Column, date, dollars } from './output.ts';

const COLUMNS: readonly Column<CacheEntryResponse>[] = [
  ['MODEL', ({ model }) => model],
  ['TENANT', ({ tenant }) => tenant ?? 'all'],
  ['NAMESPACE', ({ namespace }) => namespace || null],
  ['PROVIDER', ({ provider }) => provider],
  ['BYTES', ({ bytes }) => bytes],
  ['SAVES USD', ({ savesUsd }) => dollars(savesUsd)],
  ['EXPIRES', ({ expiresAtMs }) => date(expiresAtMs)],
  ['KEY', ({ key }) => key],
];

/** Adds the command `sluice cache`. */
export function addCache(program: Command, context: Context): void {
  const cache = program.command('cache').description('cached responses');
  cache
    .command('list')
    .description('list entries, without the responses themselves')
    .option('-n, --lines <n>', 'number of entries', wholeNumber, 20)
    .option('--tenant <name>')
    .option('--namespace <name>')
    .option('--model <name>')
    .option('--tag <name>', 'a tag that calls gave their entries (x-sluice-cache-tags)')
    .action(async ({ lines, tenant, namespace, model, tag }, command: Command) => {
      const query = { limit: Math.min(lines, 1_000), tenant, namespace, model, tag };
      const list = await context.client(command).get('/cache', cacheListSchema, query);
      context.show(command, list.entries, COLUMNS, list);
      if (!context.wantsJson(command)) context.terminal.say(`${list.total} in total`);
    });

  cache
    .command('delete')
    .description('remove entries: one by its key (x-sluice-cache-key), or those of a tenant, a namespace, a model, a tag')
    .argument('[key]')
    .option('--tenant <name>')
    .option('--namespace <name>')
    .option('--model <name>')
    .option('--tag <name>', 'a tag that calls gave their entries (x-sluice-cache-tags)')
    .option('--all', 'remove every entry')
    .action(async (key: string | undefined, { tenant, namespace, model, tag, all }, command: Command) => {
      const client = context.client(command);
      if (key !== undefined) {
        if ([namespace, model, tag].some((part) => part !== undefined) || all === true) {
          throw new CliError(EXIT.usage, 'A key names one entry. Omit --namespace, --model, --tag and --all.');
        }
        await client.delete(`/cache/${encodeURIComponent(key)}`, { tenant });
        context.terminal.say('The entry was removed.');
        return;
      }
      const query = { tenant, namespace, model, tag, all: all === true ? 'true' : undefined };
      const { removed } = await client.deleteAll('/cache', cacheRemovalSchema, query);
      if (context.wantsJson(command)) context.json({ removed });
      else context.terminal.say(`${removed} entries were removed.`);
    });
}
