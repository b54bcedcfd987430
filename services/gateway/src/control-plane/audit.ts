import { type AuditRecordJson, auditRecordJson, readAuditRecord } from '@sluice/proxies';
import type { AuditTrail } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { AuditWriter } from '../records/audit-writer.ts';
import { checkedQuery } from './checked.ts';
import { permit, scoped } from './permissions.ts';
import { isBetween, searchRecords, searchShape } from './search-records.ts';

const only = z.string().max(256).optional();

/** A position in the audit trail. Records of versions before 0.3.0 have no third number, the shard. */
const position = z.string().regex(/^\d{1,20}-\d{1,20}(-\d{1,3})?$/, "expected the 'next' of a previous response");

/** Query parameters: filters of the records, and the page. */
export const auditQuery = z
  .strictObject({
    ...searchShape,
    cursor: position.optional(),
    /** Returns the records after this `id`, oldest first, instead of the newest. */
    after: position.optional(),
    key: only,
    tenant: only,
    team: only,
    model: only,
    provider: only,
    requestId: only,
    error: only,
    outcome: z.enum(['answered', 'refused', 'failed', 'cancelled']).optional(),
    status: z.coerce.number().int().min(100).max(599).optional(),
  })
  .refine((query) => query.after === undefined || query.cursor === undefined, 'expected after or cursor, not both');

type Query = z.output<typeof auditQuery>;

const EQUAL = ['key', 'tenant', 'team', 'model', 'provider', 'requestId', 'error', 'outcome', 'status'] as const;

/** Records of older versions get the present form. */
const present = (line: string): AuditRecordJson => auditRecordJson(readAuditRecord(line));

const matches = (record: AuditRecordJson, query: Query): boolean =>
  !EQUAL.some((field) => query[field] !== undefined && record[field] !== query[field]) && isBetween(record.time, query);

export interface AuditRoutesOptions {
  readonly trail: Pick<AuditTrail, 'latest' | 'after'>;
  readonly auditWriter: Pick<AuditWriter, 'flush'>;
}

/** Route for audit records: all, filtered or new ones, newest first unless `after` is given. */
export function auditRoutes({ trail, auditWriter }: AuditRoutesOptions): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const administrator = permit(request, 'read');
    const query = scoped(administrator, checkedQuery(auditQuery, request.query));
    await auditWriter.flush();
    if (query.after === undefined) {
      const read = (count: number, before?: string) => trail.latest(count, before);
      response.json(await searchRecords(read, (record) => matches(record, query), query, present));
      return;
    }
    const kept = await trail.after(query.after, query.limit);
    const records = kept.map(({ position, record }) => ({ id: position, ...present(record) }));
    response.json({ records: records.filter((record) => matches(record, query)), newest: kept.at(-1)?.position ?? query.after });
  });
  return router;
}
