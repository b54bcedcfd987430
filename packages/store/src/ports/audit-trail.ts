/** Audit records, each a line of JSON, oldest first, as many as the configuration keeps. */
export interface AuditTrail {
  /** Writes records; a batch that is written twice is there once. */
  append(batchId: string, records: readonly string[]): Promise<void>;
  /** The newest `count`, newest first. */
  latest(count: number): Promise<readonly string[]>;
}
