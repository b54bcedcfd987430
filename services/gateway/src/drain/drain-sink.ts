import type { StoredRecord } from '@sluice/store/ports';

/** A further destination for audit records. */
export interface DrainSink {
  /** Writes all records or throws. A record may be written twice; its `id` identifies it. */
  write(records: readonly StoredRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Returns records as JSON lines, each with its position in the trail as `id`. */
export const linesOf = (records: readonly StoredRecord[]): string =>
  records.map(({ place, record }) => `{"id":"${place}",${record.slice(1)}\n`).join('');
