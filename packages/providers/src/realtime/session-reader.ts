import type { LlmError } from '@sluice/core';
import type { SessionUsage } from './session-usage.ts';

/** How messages are read on their way, and changed where they name the model. */
export interface SessionReader {
  readonly usage: SessionUsage;
  /** A client's message as the provider receives it, or why it may not be sent. */
  toProvider(data: Buffer, isBinary: boolean): Buffer | LlmError;
  /** A provider's message as the client receives it. */
  toClient(data: Buffer, isBinary: boolean): Read;
}

/** A message of a provider. */
export interface Read {
  readonly data: Buffer;
  /** Whether it reported usage. */
  readonly reported: boolean;
}

/** The model of a session, as the caller and as the provider name it. */
export interface SessionModel {
  readonly asked: string;
  readonly provider: string;
}
