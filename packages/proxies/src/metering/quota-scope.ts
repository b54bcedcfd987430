import type { Limits } from '@sluice/core';

/**
 * A quota scope: calls that share limits in addition to the limits of their keys. A `model` scope belongs to one tenant,
 * because all meters of a call are stored under its tenant.
 */
export interface QuotaScope {
  readonly kind: 'team' | 'tenant' | 'user' | 'model';
  readonly name: string;
  /** For an end user: the key of that user. */
  readonly key?: string;
  readonly limits: Limits;
}

/** Returns the subject of a group's meters. No key can have such a name. */
export const groupSubject = ({ kind, name, key }: Pick<QuotaScope, 'kind' | 'name' | 'key'>): string =>
  key === undefined ? `@${kind}:${name}` : `@${kind}:${key}:${name}`;
