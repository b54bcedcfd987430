import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { wholeNumber } from './limit-options.ts';
import { type Column, dollars, percent, table } from './output.ts';
import { PROVIDER_COLUMNS, type ProviderFigures } from './providers.ts';

interface Stats {
  readonly totalRequests: number;
  readonly cacheHitRate: number;
  readonly authenticationFailures: number;
  readonly costUsd: number;
  readonly costSavedUsd: number;
}

type KeyRow = Readonly<Record<string, string | number>>;

const KEY_COLUMNS: readonly Column<KeyRow>[] = [
  ['KEY', (row) => row['key'] || '-'],
  ['CALLS', (row) => row['calls']],
  ['ERRORS', (row) => row['errors']],
  ['TOKENS', (row) => Number(row['inputTokens']) + Number(row['outputTokens'])],
  ['COST USD', (row) => dollars(row['costUsd'])],
];

/** Number of keys in the view. */
const TOP = 10;
/** Escape sequences: move to the upper corner and clear the screen, hide the cursor, show the cursor. */
const HOME = '\u001b[H\u001b[J';
const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

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
        let before: { atMs: number; requests: number } | undefined;
        do {
          const today = new Date().toISOString().slice(0, 10);
          const [stats, { providers }, usage] = await Promise.all([
            client.get('/stats') as unknown as Promise<Stats>,
            client.get('/providers') as unknown as Promise<{ providers: ProviderFigures[] }>,
            client.get('/usage', { by: 'key', from: today, limit: 10_000 }),
          ]);
          const atMs = performance.now();
          const seconds = before === undefined ? undefined : (atMs - before.atMs) / 1_000;
          const rate = seconds === undefined ? undefined : (stats.totalRequests - (before?.requests ?? 0)) / seconds;
          before = { atMs, requests: stats.totalRequests };
          const keys = (usage['rows'] as KeyRow[])
            .toSorted((a, b) => Number(b['costUsd']) - Number(a['costUsd']) || Number(b['calls']) - Number(a['calls']))
            .slice(0, TOP);
          if (context.wantsJson(command)) {
            terminal.write(`${JSON.stringify({ ...stats, requestsPerSecond: rate ?? null, providers, keys })}\n`);
          } else {
            const head = [
              `${new Date().toISOString().slice(11, 19)} UTC`,
              `requests ${stats.totalRequests}${rate === undefined ? '' : ` (${rate.toFixed(1)}/s)`}`,
              `hits ${percent(stats.cacheHitRate)}`,
              `refused keys ${stats.authenticationFailures}`,
              `cost ${dollars(stats.costUsd)} USD`,
              `saved ${dollars(stats.costSavedUsd)} USD`,
            ].join('   ');
            const parts = [head, table(providers, PROVIDER_COLUMNS), ...(keys.length === 0 ? [] : [table(keys, KEY_COLUMNS)])];
            terminal.write(`${live ? HOME : ''}${parts.join('\n\n')}\n`);
          }
          if (once === true) return;
          await sleep(interval * 1_000, undefined, { signal: terminal.signal }).catch(() => {});
        } while (!terminal.signal.aborted);
      } finally {
        if (live) terminal.write(SHOW);
      }
    });
}
