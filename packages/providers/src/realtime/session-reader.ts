import type { LlmError } from '@sluice/core';
import type { SessionUsage } from './session-usage.ts';

/** Reads the messages of a session, and replaces the model's name in them. */
export interface SessionReader {
  readonly usage: SessionUsage;
  /** Returns a client's message for the provider, or the error for a refused message. */
  toProvider(data: Buffer, isBinary: boolean): Buffer | LlmError;
  /** Returns a provider's message for the client. */
  toClient(data: Buffer, isBinary: boolean): Read;
}

/** A message of a provider. */
export interface Read {
  readonly data: Buffer;
  /** Whether it reported usage. */
  readonly reported: boolean;
}

/** The caller's and the provider's names of a session's model. */
export interface SessionModel {
  readonly caller: string;
  readonly provider: string;
}
