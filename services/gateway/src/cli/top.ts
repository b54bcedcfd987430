import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { z } from 'zod';
import {
  type ProviderResponse,
  providersSchema,
  statsSchema,
  type UsageRow,
  usageSchema,
} from '../control-plane/schemas/report-schemas.ts';
import type { AdminClient } from './admin-client.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import { type Column, dollars, percent, table } from './output.ts';
import { PROVIDER_COLUMNS } from './providers.ts';

const KEY_COLUMNS: readonly Column<UsageRow>[] = [
  ['KEY', (row) => row['key'] || '-'],
  ['CALLS', ({ calls }) => calls],
  ['ERRORS', ({ errors }) => errors],
  ['TOKENS', ({ inputTokens, outputTokens }) => inputTokens + outputTokens],
  ['COST USD', ({ costUsd }) => dollars(costUsd)],
];

/** Number of keys in the view. */
const TOP = 10;
/** Escape sequences: move to the upper corner and clear the screen, hide the cursor, show the cursor. */
const HOME = '\u001b[H\u001b[J';
const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

/** Current figures, and the time at which they were read. */
interface Figures {
  readonly atMs: number;
  readonly stats: z.output<typeof statsSchema>;
  readonly providers: readonly ProviderResponse[];
  /** The most expensive keys of today. */
  readonly keys: readonly UsageRow[];
}

async function readFigures(client: AdminClient): Promise<Figures> {
  const today = new Date().toISOString().slice(0, 10);
  const [stats, { providers }, { rows }] = await Promise.all([
    client.get('/stats', statsSchema),
    client.get('/providers', providersSchema),
    client.get('/usage', usageSchema, { by: 'key', from: today, limit: 10_000 }),
  ]);
  const keys = rows.toSorted((a, b) => b.costUsd - a.costUsd || b.calls - a.calls).slice(0, TOP);
  return { atMs: performance.now(), stats, providers, keys };
}

/** Returns the requests per second between two moments; undefined at the first one. */
function requestRate({ atMs, stats }: Figures, before: Figures | undefined): number | undefined {
  if (before === undefined) return undefined;
  return (stats.totalRequests - before.stats.totalRequests) / ((atMs - before.atMs) / 1_000);
}

/** Returns the view as text. */
function viewOf({ stats, providers, keys }: Figures, rate: number | undefined): string {
  const head = [
    `${new Date().toISOString().slice(11, 19)} UTC`,
    `requests ${stats.totalRequests}${rate === undefined ? '' : ` (${rate.toFixed(1)}/s)`}`,
    `hits ${percent(stats.cacheHitRate)}`,
    `refused keys ${stats.authenticationFailures}`,
    `cost ${dollars(stats.costUsd)} USD`,
    `saved ${dollars(stats.costSavedUsd)} USD`,
  ].join('   ');
  return [head, table(providers, PROVIDER_COLUMNS), ...(keys.length === 0 ? [] : [table(keys, KEY_COLUMNS)])].join('\n\n');
}

/** Adds the command `sluice top`: a live view of current usage, over all replicas. */
export function addTop(program: Command, context: Context): void {
  program
    .command('top')
    .description('live view: request rate, cost, providers, and the most expensive keys of today')
    .option('-i, --interval <seconds>', 'refresh interval', wholeNumber, 2)
    .option('--once', 'print once and exit')
    .action(async ({ interval, once }: { interval: number; once?: boolean }, command: Command) => {
      const client = context.client(command);
      const { terminal } = context;
      const live = terminal.interactive && once !== true;
      if (live) terminal.write(HIDE);
      try {
        let before: Figures | undefined;
        do {
          const figures = await readFigures(client);
          const rate = requestRate(figures, before);
          before = figures;
          if (context.wantsJson(command)) {
            const { stats, providers, keys } = figures;
            terminal.write(`${JSON.stringify({ ...stats, requestsPerSecond: rate ?? null, providers, keys })}\n`);
          } else {
            terminal.write(`${live ? HOME : ''}${viewOf(figures, rate)}\n`);
          }
          if (once === true) return;
          // an aborted wait ends the loop
          await sleep(interval * 1_000, undefined, { signal: terminal.signal }).catch(() => {});
        } while (!terminal.signal.aborted);
      } finally {
        if (live) terminal.write(SHOW);
      }
    });
}
