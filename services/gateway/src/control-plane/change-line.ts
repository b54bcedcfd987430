import type { Clock } from '@sluice/core';
import type { Request } from 'express';
import { administratorOf, type Scope } from './permissions.ts';

/** A change that an administrator made. */
export interface Change extends Scope {
  readonly action: string;
  readonly kind: 'key' | 'team' | 'tenant' | 'admin' | 'cache';
  readonly name: string;
  /** State before and after the change, as the admin API shows it, without secrets. */
  readonly before?: object | undefined;
  readonly after?: object | undefined;
}

/** An entry of the change journal. */
export interface JournalEntry extends Change {
  /** Time of the change, ISO 8601. */
  readonly time: string;
  readonly admin: string;
  readonly role: string;
  readonly address: string;
}

/** Returns a change as a JSON line for the journal. */
export function changeLine(request: Request, clock: Clock, change: Change): string {
  const { name, role } = administratorOf(request);
  const entry: JournalEntry = {
    time: new Date(clock.now()).toISOString(),
    admin: name,
    role,
    address: request.socket.remoteAddress ?? 'unknown',
    ...change,
  };
  return JSON.stringify(entry);
}
