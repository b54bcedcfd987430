import type { AuditShard } from './key-layout.ts';

/** A position in the audit trail: the id of an entry in the stream of a shard. Ordered by time, number and shard. */
export interface AuditPosition {
  /** Id of the entry: milliseconds, a hyphen, and a number within that millisecond. */
  readonly id: string;
  readonly shard: AuditShard;
}

/** Returns the text of a position. Records of versions without shards keep their positions, which have no third number. */
export function positionText({ id, shard }: AuditPosition): string {
  return shard === 'unsharded' ? id : `${id}-${shard}`;
}

export function parsePosition(text: string): AuditPosition {
  const [ms = '0', number = '0', shard] = text.split('-');
  return { id: `${ms}-${number}`, shard: shard === undefined ? 'unsharded' : Number(shard) };
}

/** Orders shards whose entries have the same id. */
export const shardOrder = (shard: AuditShard): number => (shard === 'unsharded' ? -1 : shard);

/** Compares two positions: negative if the first is older. */
export function comparePositions(a: AuditPosition, b: AuditPosition): number {
  return a.id === b.id ? shardOrder(a.shard) - shardOrder(b.shard) : compareIds(a.id, b.id);
}

function compareIds(a: string, b: string): number {
  const [hyphenA, hyphenB] = [a.indexOf('-'), b.indexOf('-')];
  const ms = Number(a.slice(0, hyphenA)) - Number(b.slice(0, hyphenB));
  return ms !== 0 ? ms : Number(a.slice(hyphenA + 1)) - Number(b.slice(hyphenB + 1));
}
