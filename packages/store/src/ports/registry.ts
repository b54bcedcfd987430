import type { LimitSettings } from '@sluice/core';
import type { StoredRecord } from './audit-trail.ts';

/** What callers share beside what each may use. */
export interface SharedLimits {
  readonly name: string;
  readonly limits: LimitSettings;
  /** Small facts about it, of no meaning to the gateway. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Since when none of its keys is let in. */
  readonly blockedAtMs?: number;
}

export interface TeamRecord extends SharedLimits {
  /** The tenant of the team. */
  readonly tenant: string;
}

export type TenantRecord = SharedLimits;

/**
 * Roles of administrators; each includes the rights of the following ones. A `team` administrator manages the keys of one team.
 */
export const ADMIN_ROLES = ['owner', 'operator', 'team', 'viewer'] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

export interface AdminRecord {
  readonly name: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly role: AdminRole;
  /** The one tenant that it is about; all of them if not given. */
  readonly tenant?: string;
  /** The one team that it is about. */
  readonly team?: string;
  readonly createdAtMs?: number;
}

/** The records by their kind. */
export interface RegistryRecords {
  readonly team: TeamRecord;
  readonly tenant: TenantRecord;
  readonly admin: AdminRecord;
}

export type RegistryKind = keyof RegistryRecords;

export interface Replacement<Kind extends RegistryKind> {
  readonly kind: Kind;
  readonly name: string;
  /** The record as it was read; undefined if it does not exist. */
  readonly before: RegistryRecords[Kind] | undefined;
  /** The new record; undefined to delete it. */
  readonly after: RegistryRecords[Kind] | undefined;
  /** The journal entry: a line of JSON. */
  readonly change: string;
}

/** Teams, tenants and administrators by name, and the journal of all changes that administrators made. */
export interface Registry {
  /** All of a kind, by name. */
  list<Kind extends RegistryKind>(kind: Kind): Promise<readonly RegistryRecords[Kind][]>;
  /**
   * Writes a record and its journal entry, both or neither. False if the record has changed since it was read: read it again.
   */
  replace<Kind extends RegistryKind>(replacement: Replacement<Kind>): Promise<boolean>;
  /**
   * Reports that any replica wrote a record, or that notifications may have been missed. Returns a function that stops
   * listening.
   */
  onChange(listener: () => void): () => void;
  /** Writes to the journal what changes no record of this registry or of the keys. */
  note(change: string): Promise<void>;
  /** Returns the newest `count` journal entries before a cursor, newest first. */
  journal(count: number, before?: string): Promise<readonly StoredRecord[]>;
}

/** The approximate number of changes in the journal. */
export const MAX_JOURNAL_ENTRIES = 100_000;
