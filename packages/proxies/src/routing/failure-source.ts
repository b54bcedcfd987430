import { hash } from 'node:crypto';
import type { LlmCall } from '@sluice/core';
import type { FailureSource } from './failure-window.ts';

/** Returns the caller's key, with its tenant. Undefined without a caller. */
export function callerKey({ context: { caller } }: LlmCall): string | undefined {
  return caller === undefined ? undefined : `${caller.tenant}/${caller.keyName}`;
}

/** Returns the key and a digest of the request. Undefined without a caller, as in a process without keys. */
export function failureSource(call: LlmCall): FailureSource | undefined {
  const key = callerKey(call);
  return key === undefined ? undefined : { key, prompt: hash('sha1', call.message.bytes, 'base64url') };
}
