import type { Clock } from '@sluice/core';
import type { Request } from 'express';
import type { Administrator } from '../administrators.ts';
import type { Change } from '../change-line.ts';
import type { Scope } from '../permissions.ts';
import type { ResourceSchemas } from '../schemas/resource-schemas.ts';
import type { ResourceStore } from './resource-store.ts';

/** Authorizes a request and returns its administrator. @throws AdminError 401, 403 */
export type Permit = (request: Request) => Administrator;

/** Replaces a record by its next version. */
export type Edit<Stored> = (record: Stored) => Stored;

/** A new record, with the secret that only the response contains. */
export interface CreatedRecord<Stored> {
  readonly record: Stored;
  readonly secret?: string;
}

export interface Page<Stored> {
  readonly records: readonly Stored[];
  /** Name of the last record, if there are more. */
  readonly next?: string | undefined;
}

/** Describes a kind of record that administrators list, create, read, change and delete. */
export interface ResourceDefinition<Stored extends { readonly name: string }, Create, Patch, Query> {
  /** Kind in the change journal. */
  readonly kind: Change['kind'];
  readonly schemas: ResourceSchemas<Create, Patch, Query>;
  readonly store: ResourceStore<Stored>;
  readonly clock: Clock;
  /** Authorizes a request and returns its administrator. @throws AdminError 401, 403 */
  readonly permit: { readonly read: Permit; readonly change: Permit };
  /** Returns the tenant and team of a record. */
  readonly scopeOf: (record: Stored) => Scope;
  /** Returns whether an administrator may see a record. */
  readonly isOwn: (administrator: Administrator, record: Stored) => boolean;
  /** Returns whether a record occupies its name; all do by default. */
  readonly isNamed?: (record: Stored) => boolean;
  /** Returns a record as responses and the journal contain it, without anything that could reveal a secret. */
  readonly shown: (record: Stored) => object;
  /** Returns the body of a read; `shown` by default. */
  readonly detail?: (record: Stored) => object | Promise<object>;
  /** Returns a record in a list; `shown` by default. */
  readonly listed?: (record: Stored) => object | Promise<object>;
  /** Returns a page of the records in the scope of a query. */
  readonly list: (query: Query & Scope) => Promise<Page<Stored>>;
  /** Returns a new record. @throws AdminError 400 */
  readonly make: (name: string, body: Create, administrator: Administrator) => Promise<CreatedRecord<Stored>>;
  /** Returns the edit of a patch. @throws AdminError 400 */
  readonly patch: (body: Patch, administrator: Administrator) => Edit<Stored> | Promise<Edit<Stored>>;
  /** Returns why the configuration forbids an action on a record; undefined if the action is allowed. */
  readonly refusal: (name: string, action: string) => string | undefined;
  /** Name of the deletion in the journal. */
  readonly removal: 'delete' | 'revoke';
  /** Refuses to delete a record that others still need. @throws AdminError 409 */
  readonly refuseUsed?: (record: Stored) => Promise<void>;
}

/** The states before and after a change; a created record has none before, and a deleted record none after. */
export interface States<Stored> {
  readonly before?: Stored;
  readonly after: Stored | undefined;
}

/** The edit of an action, and fields that only its response has. */
export interface Action<Stored> {
  readonly edit: Edit<Stored>;
  readonly more?: object;
}
