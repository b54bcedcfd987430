import { type Clock, NANOS_PER_USD } from '@sluice/core';
import { type AuditTrail, addUsage, USAGE_AMOUNTS, USAGE_DIMENSIONS, type UsageSum } from '@sluice/store/ports';
import { stringify } from 'csv-stringify/sync';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { AuditWriter } from '../audit-writer.ts';
import { AdminError } from './admin-error.ts';
import { checkedQuery } from './checked.ts';

const DAY_MS = 86_400_000;
/** As long as the sums are kept. */
const MAX_DAYS = 400;

const GROUPS = ['day', 'month', ...USAGE_DIMENSIONS] as const;
type Group = (typeof GROUPS)[number];

const only = z.string().max(256).optional();

/** What may stand behind `?`. Days are of UTC, and both ends are within. */
export const usageQuery = z.strictObject({
  /** The first of this month if not given. */
  from: z.iso.date().optional(),
  /** Today if not given. */
  to: z.iso.date().optional(),
  by: z
    .string()
    .default('day')
    .transform((text) => [...new Set(text.split(','))])
    .pipe(z.array(z.enum(GROUPS))),
  format: z.enum(['json', 'csv']).default('json'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
  offset: z.coerce.number().int().min(0).default(0),
  tenant: only,
  team: only,
  key: only,
  provider: only,
  model: only,
});

/** A row's numbers, costs in US dollars. */
function figures(sum: UsageSum) {
  const { calls, cost, saved, latencyMs } = sum;
  const counts = USAGE_AMOUNTS.filter((amount) => amount !== 'cost' && amount !== 'saved' && amount !== 'latencyMs');
  return {
    ...Object.fromEntries(counts.map((amount) => [amount, sum[amount]])),
    costUsd: cost / NANOS_PER_USD,
    savedUsd: saved / NANOS_PER_USD,
    averageLatencyMs: calls === 0 ? 0 : Math.round(latencyMs / calls),
  };
}

const nameOf = (sum: UsageSum, group: Group): string => (group === 'month' ? sum.day.slice(0, 7) : sum[group]);

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(dateOf(at));
  return days;
}

export interface UsageRoutesOptions {
  readonly trail: Pick<AuditTrail, 'usage'>;
  readonly auditWriter: Pick<AuditWriter, 'flush'>;
  readonly clock: Clock;
}

/** What was used and what it cost, by day, month, tenant, team, key, provider and model, as JSON or CSV. */
export function usageRoutes({ trail, auditWriter, clock }: UsageRoutesOptions): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const query = checkedQuery(usageQuery, request.query);
    const { by, format, limit, offset } = query;
    const today = dateOf(clock.now());
    const to = query.to ?? today;
    const from = query.from ?? `${to.slice(0, 7)}-01`;
    if (from > to) throw new AdminError(400, 'invalid_request', `from: ${from} is after ${to}`);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days > MAX_DAYS)
      throw new AdminError(400, 'invalid_request', `from: ${days} days are asked for, at most ${MAX_DAYS} may be`);

    // what this replica has seen is in it
    await auditWriter.flush();
    const sums = (await trail.usage(daysBetween(from, to))).filter((sum) =>
      USAGE_DIMENSIONS.every((dimension) => (query[dimension] ?? sum[dimension]) === sum[dimension]),
    );
    const rows = [...addUsage(sums, (sum) => JSON.stringify(by.map((group) => nameOf(sum, group))))]
      // the order is that of the names, so that a page begins where the last one ended
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, sum]) => ({ ...Object.fromEntries(by.map((group) => [group, nameOf(sum, group)])), ...figures(sum) }));
    const page = rows.slice(offset, offset + limit);
    const nextOffset = offset + limit < rows.length ? offset + limit : undefined;
    if (nextOffset !== undefined) {
      const other = new URLSearchParams({ ...(request.query as Record<string, string>), offset: String(nextOffset) });
      response.links({ next: `${request.baseUrl}?${other}` });
    }

    if (format === 'csv') {
      response.type('text/csv').setHeader('content-disposition', `attachment; filename="usage-${from}-${to}.csv"`);
      // a model's name comes from callers, and spreadsheets run what begins with '='
      response.send(stringify(page, { header: true, columns: [...by, ...FIGURES], escape_formulas: true }));
      return;
    }
    const [total] = addUsage(sums, () => '').values();
    response.json({ from, to, by, rows: page, count: rows.length, nextOffset, total: figures(total ?? NOTHING) });
  });
  return router;
}

const NOTHING: UsageSum = {
  day: '',
  ...(Object.fromEntries(USAGE_DIMENSIONS.map((name) => [name, ''])) as Record<(typeof USAGE_DIMENSIONS)[number], string>),
  ...(Object.fromEntries(USAGE_AMOUNTS.map((name) => [name, 0])) as Record<(typeof USAGE_AMOUNTS)[number], number>),
};

const FIGURES = Object.keys(figures(NOTHING));
