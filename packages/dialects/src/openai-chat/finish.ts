import type { FinishReason } from '../neutral/reply.ts';

const READ: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
};
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  pause: 'stop',
};

/** A reason that is not known is an end like another. */
export const readFinish = (reason: string): FinishReason =>
  Object.hasOwn(READ, reason) ? (READ[reason] as FinishReason) : 'stop';
export const writeFinish = (reason: FinishReason): string => WRITTEN[reason];
