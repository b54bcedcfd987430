import { auditRecordJson, readAuditRecord } from '@sluice/proxies';
import type { StoredRecord } from '@sluice/store/ports';

/** A further destination for audit records. */
export interface DrainSink {
  /** Writes all records or throws. A record may be written twice; its `id` identifies it. */
  write(records: readonly StoredRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Returns records as JSON lines, each with its position in the trail as `id`. */
export const linesOf = (records: readonly StoredRecord[]): string =>
  records.map(({ position, record }) => `{"id":"${position}",${present(record).slice(1)}\n`).join('');

/** Part of a record with failed attempts: only such a record can have legacy words, and most calls have none. */
const HAS_ATTEMPTS = '"tried":[';

/** Returns a record with the present words of attempts. Text that is no JSON passes unchanged, so that it delays no other record. */
function present(record: string): string {
  if (!record.includes(HAS_ATTEMPTS)) return record;
  try {
    return JSON.stringify(auditRecordJson(readAuditRecord(record)));
  } catch {
    return record;
  }
}
