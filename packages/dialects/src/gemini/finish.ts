import type { FinishReason } from '../neutral/reply.ts';

const READ: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  LANGUAGE: 'refusal',
  BLOCKLIST: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
  SPII: 'refusal',
  IMAGE_SAFETY: 'refusal',
  IMAGE_PROHIBITED_CONTENT: 'refusal',
  IMAGE_RECITATION: 'refusal',
  CONTINUATION: 'pause',
};
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  stop_sequence: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  refusal: 'SAFETY',
  pause: 'STOP',
};

/** Reads a finish reason. This format has none for calls: a response with calls stopped for them. */
export function readFinish(reason: string, calls: boolean): FinishReason {
  const read = Object.hasOwn(READ, reason) ? (READ[reason] as FinishReason) : 'stop';
  return read === 'stop' && calls ? 'tool_calls' : read;
}
export const writeFinish = (reason: FinishReason): string => WRITTEN[reason];
