import { writtenLimits } from '@sluice/config';
import { defined } from '@sluice/core';
import type { KeyRecord } from '@sluice/store/ports';
import type { KeyResponse } from '../schemas/key-schemas.ts';

/** Returns whether a key is usable at a time, or why not. */
export function stateOf(
  { revokedAtMs, expiresAtMs, blockedAtMs }: Pick<KeyRecord, 'revokedAtMs' | 'expiresAtMs' | 'blockedAtMs'>,
  nowMs: number,
): KeyResponse['status'] {
  if (revokedAtMs !== undefined) return 'revoked';
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return 'expired';
  return blockedAtMs === undefined ? 'active' : 'blocked';
}

/** Returns a key as the admin API shows it, without anything that could reveal its secret. */
export function shownKey(
  { hash: _hash, previousHash: _previous, limits, users, cache, ...record }: KeyRecord,
  nowMs: number,
): KeyResponse {
  const written = users === undefined ? undefined : writtenLimits(users);
  return {
    ...record,
    status: stateOf(record, nowMs),
    ...writtenLimits(limits),
    ...defined({ users: written, cache: cache && { ...cache } }),
  };
}
