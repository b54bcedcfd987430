import type { AuditRecord } from '@sluice/proxies';
import type { AuditTrail } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { AuditWriter } from '../audit-writer.ts';
import { checkedQuery } from './checked.ts';

/** Records that one request looks at, so that nobody's search holds up a replica; the next request goes on from there. */
const MAX_LOOKED_AT = 20_000;
const PAGE = 1_000;

const only = z.string().max(256).optional();
const time = z.iso.datetime({ offset: true }).optional();

/** What may stand behind `?`: what a record must be, and which part is asked for. */
export const auditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the part before. */
  cursor: z
    .string()
    .regex(/^\d{1,20}-\d{1,20}$/, 'expected the next of an answer')
    .optional(),
  /** When calls came, both ends within. */
  since: time,
  until: time,
  key: only,
  tenant: only,
  team: only,
  model: only,
  provider: only,
  requestId: only,
  error: only,
  outcome: z.enum(['answered', 'refused', 'failed', 'cancelled']).optional(),
  status: z.coerce.number().int().min(100).max(599).optional(),
});

type Query = z.output<typeof auditQuery>;

const EQUAL = ['key', 'tenant', 'team', 'model', 'provider', 'requestId', 'error', 'outcome', 'status'] as const;

function matches(record: AuditRecord, query: Query): boolean {
  if (EQUAL.some((field) => query[field] !== undefined && record[field] !== query[field])) return false;
  const at = Date.parse(record.time);
  return (
    (query.since === undefined || at >= Date.parse(query.since)) && (query.until === undefined || at <= Date.parse(query.until))
  );
}

export interface AuditRoutesOptions {
  readonly trail: Pick<AuditTrail, 'latest'>;
  readonly auditWriter: Pick<AuditWriter, 'flush'>;
}

/** The audit records, newest first: all of them, or those that are looked for. */
export function auditRoutes({ trail, auditWriter }: AuditRoutesOptions): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const query = checkedQuery(auditQuery, request.query);
    await auditWriter.flush();
    const records: AuditRecord[] = [];
    let next = query.cursor;
    for (let lookedAt = 0; records.length < query.limit && lookedAt < MAX_LOOKED_AT; ) {
      const kept = await trail.latest(PAGE, next);
      for (const { place, record: line } of kept) {
        if (records.length === query.limit) break;
        next = place;
        const record = JSON.parse(line) as AuditRecord;
        if (matches(record, query)) records.push(record);
      }
      lookedAt += kept.length;
      // the last of a part that is not full is the oldest of all
      if (kept.length < PAGE && (kept.at(-1)?.place ?? next) === next) {
        next = undefined;
        break;
      }
    }
    response.json({ records, next });
  });
  return router;
}
