import type { Limits } from '@sluice/core';

/** Calls that share limits beside their key's own. A model's are those of one tenant: all meters of a call stand beside its tenant's. */
export interface CallerGroup {
  readonly kind: 'team' | 'tenant' | 'user' | 'model';
  readonly name: string;
  /** Of an end user, whose it is. */
  readonly key?: string;
  readonly limits: Limits;
}

/** Names whose meters a group's are; no key has such a name. */
export const groupSubject = ({ kind, name, key }: Pick<CallerGroup, 'kind' | 'name' | 'key'>): string =>
  key === undefined ? `@${kind}:${name}` : `@${kind}:${key}:${name}`;
