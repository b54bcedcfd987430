import { type Clock, NANOS_PER_USD } from '@sluice/core';
import { type AuditTrail, addUsage, USAGE_AMOUNTS, USAGE_DIMENSIONS, type UsageSum, type UsageTable } from '@sluice/store/ports';
import { stringify } from 'csv-stringify/sync';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { AuditWriter } from '../records/audit-writer.ts';
import { invalid } from './admin-error.ts';
import { checkedQuery } from './checked.ts';
import { permit, scoped } from './permissions.ts';

const DAY_MS = 86_400_000;
/** Number of days that the sums are stored. */
const MAX_DAYS = 400;

const GROUPS = ['hour', 'day', 'month', ...USAGE_DIMENSIONS, 'reason', 'user', 'tag'] as const;
type Group = (typeof GROUPS)[number];

const only = z.string().max(256).optional();

/** Query parameters. Days are in UTC, and both ends are inclusive. */
export const usageQuery = z.strictObject({
  /** First day of the current month by default. */
  from: z.iso.date().optional(),
  /** Today by default. */
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
  /** Error code of unanswered calls. */
  reason: only,
  /** An end user: the value of the tag `user`. */
  user: only,
  /** A tag, such as `stage=test`. */
  tag: only,
});

type Query = z.output<typeof usageQuery>;

const USER = 'user=';

/** Returns the table of sums for a query. @throws AdminError 400 if the query needs several tables */
function tableOf({ by, user, tag }: Query): UsageTable {
  const ofTags = by.includes('tag') || tag !== undefined;
  const ofUsers = by.includes('user') || user !== undefined;
  if (ofTags && ofUsers) throw invalid('by', 'a user is a tag: select users or tags, not both');
  if (!by.includes('hour')) return ofTags || ofUsers ? 'tags' : 'days';
  if (ofTags || ofUsers) throw invalid('by', 'hours of users and tags are not stored');
  return 'hours';
}

function isAskedFor(sum: UsageSum, query: Query): boolean {
  const { by, user, tag } = query;
  if (by.includes('user') && !sum.tag.startsWith(USER)) return false;
  if (user !== undefined && sum.tag !== `${USER}${user}`) return false;
  if (tag !== undefined && sum.tag !== tag) return false;
  if (query.reason !== undefined && (sum.reason ?? '') !== query.reason) return false;
  return USAGE_DIMENSIONS.every((dimension) => (query[dimension] ?? sum[dimension]) === sum[dimension]);
}

/** Returns the numbers of a row, with costs in US dollars. */
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

function nameOf(sum: UsageSum, group: Group): string {
  switch (group) {
    case 'month':
      return sum.day.slice(0, 7);
    case 'hour':
      return `${sum.day}T${sum.hour}`;
    case 'user':
      return sum.tag.slice(USER.length);
    case 'reason':
      return sum.reason ?? '';
    default:
      return sum[group];
  }
}

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

/** Route for usage and cost by hour, day, month, tenant, team, key, provider, model, end user and tag, as JSON or CSV. */
export function usageRoutes({ trail, auditWriter, clock }: UsageRoutesOptions): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const query = scoped(permit(request, 'read'), checkedQuery(usageQuery, request.query));
    const table = tableOf(query);
    const { by, format, limit, offset } = query;
    const today = dateOf(clock.now());
    const to = query.to ?? today;
    const from = query.from ?? `${to.slice(0, 7)}-01`;
    if (from > to) throw invalid('from', `${from} is after ${to}`);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days > MAX_DAYS) throw invalid('from', `the range has ${days} days; at most ${MAX_DAYS} are allowed`);

    // include the calls that this replica has not written yet
    await auditWriter.flush();
    const all = await trail.usage(daysBetween(from, to), table);
    const sums = all.filter((sum) => isAskedFor(sum, query));
    const rows = [...addUsage(sums, (sum) => JSON.stringify(by.map((group) => nameOf(sum, group))))]
      // rows are sorted by name, so that a page continues after the previous one
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
      // clients choose model names, and spreadsheets execute cells that begin with '='
      response.send(stringify(page, { header: true, columns: [...by, ...FIGURES], escape_formulas: true }));
      return;
    }
    // a call with several tags is in several sums, so the total is computed from all calls, with or without tags
    const counted =
      by.includes('tag') && query.tag === undefined
        ? (await trail.usage(daysBetween(from, to))).filter((sum) => isAskedFor(sum, query))
        : sums;
    const [total] = addUsage(counted, () => '').values();
    response.json({ from, to, by, rows: page, count: rows.length, nextOffset, total: figures(total ?? NOTHING) });
  });
  return router;
}

const NOTHING: UsageSum = {
  day: '',
  hour: '',
  tag: '',
  ...(Object.fromEntries(USAGE_DIMENSIONS.map((name) => [name, ''])) as Record<(typeof USAGE_DIMENSIONS)[number], string>),
  ...(Object.fromEntries(USAGE_AMOUNTS.map((name) => [name, 0])) as Record<(typeof USAGE_AMOUNTS)[number], number>),
};

const FIGURES = Object.keys(figures(NOTHING));
