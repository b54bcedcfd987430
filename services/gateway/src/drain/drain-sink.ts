import type { KeptRecord } from '@sluice/store/ports';

/** Where audit records are written besides. */
export interface DrainSink {
  /** Writes all of them or throws. What was written may be written again: its `id` tells. */
  write(records: readonly KeptRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Records as lines of JSON, each with its place in the trail as `id`. */
export const linesOf = (records: readonly KeptRecord[]): string =>
  records.map(({ place, record }) => `{"id":"${place}",${record.slice(1)}\n`).join('');
