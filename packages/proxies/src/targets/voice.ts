import { hash } from 'node:crypto';
import type { LlmCall } from '@sluice/core';
import type { Voice } from './failure-window.ts';

/** The caller of a call: its key, with its tenant; undefined where there is none. */
export function callerKey({ facts: { caller } }: LlmCall): string | undefined {
  return caller === undefined ? undefined : `${caller.tenant}/${caller.keyName}`;
}

/** Who asked what; undefined where the call has no caller, as in a process that has no keys. */
export function voiceOf(call: LlmCall): Voice | undefined {
  const key = callerKey(call);
  return key === undefined ? undefined : { key, prompt: hash('sha1', call.message.bytes, 'base64url') };
}
