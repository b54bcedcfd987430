import { auditQuery } from '../audit.ts';
import { changesQuery } from '../changes.ts';
import { auditSchema, changesSchema, statsSchema, usageSchema } from '../schemas/report-schemas.ts';
import { usageQuery } from '../usage.ts';
import { csv, json, queryOf, refusals } from './parts.ts';

const { description, content } = json('The rows, their count and the total', usageSchema);

/** The paths of statistics, audit records, changes and usage. */
export const reportPaths = {
  '/admin/v1/stats': {
    get: {
      summary: "Returns the dashboard's statistics, over all replicas",
      responses: { 200: json('The statistics', statsSchema), ...refusals() },
    },
  },
  '/admin/v1/audit': {
    get: {
      summary: 'Returns matching audit records, newest first; with `after` the records after that one, oldest first',
      ...queryOf(auditQuery),
      responses: { 200: json('The records', auditSchema), ...refusals(400) },
    },
  },
  '/admin/v1/changes': {
    get: {
      summary: 'Returns changes by administrators, newest first, with the state before and after',
      ...queryOf(changesQuery),
      responses: { 200: json('The changes', changesSchema), ...refusals(400) },
    },
  },
  '/admin/v1/usage': {
    get: {
      summary:
        'Returns usage and cost, one row per combination of `by` (hour, day, month, tenant, team, key, user, tag, provider, model)',
      ...queryOf(usageQuery),
      responses: { 200: { description, content: { ...content, ...csv } }, ...refusals(400) },
    },
  },
};
