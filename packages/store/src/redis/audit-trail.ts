import type { AuditTrail } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const APPEND = new Script('append-audit');

/** Audit records of all replicas in one stream, trimmed to a length. */
export class RedisAuditTrail implements AuditTrail {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #maxRecords: number;

  constructor(background: RedisClient, layout: KeyLayout, maxRecords: number) {
    this.#background = background;
    this.#layout = layout;
    this.#maxRecords = maxRecords;
  }

  async append(batchId: string, records: readonly string[]): Promise<void> {
    if (records.length === 0) return;
    await APPEND.run(
      this.#background,
      [this.#layout.auditBatch(batchId), this.#layout.auditStream],
      [this.#maxRecords, ...records],
    );
  }

  async latest(count: number): Promise<readonly string[]> {
    const entries = await this.#background.xrevrange(this.#layout.auditStream, '+', '-', 'COUNT', count);
    return entries.map(([, fields]) => fields[1] ?? '');
  }
}
