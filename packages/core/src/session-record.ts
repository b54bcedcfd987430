import { CallSlot } from './call-slot.ts';

/** Record of a session in addition to its tokens. */
export interface SessionRecord {
  /** Messages and bytes by sender. */
  clientMessages: number;
  clientBytes: number;
  providerMessages: number;
  providerBytes: number;
  /** Usage reports of the provider. */
  turns: number;
  /** The close code of the session, and the side that closed it. */
  closeCode: number | undefined;
  closedBy: 'client' | 'provider' | 'gateway' | undefined;
}

/** Set for a realtime session that a provider has accepted. Written by the code that joins its two sides. */
export const sessionRecord = new CallSlot<SessionRecord | undefined>('session record', undefined);
