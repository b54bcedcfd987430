import type { FinishReason } from '../neutral/reply.ts';

const READ: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop_sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  guardrail_intervened: 'refusal',
  content_filtered: 'refusal',
};
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'content_filtered',
  pause: 'end_turn',
};

/** Reads a finish reason; an unknown one is `stop`. */
export const readFinish = (reason: string): FinishReason =>
  Object.hasOwn(READ, reason) ? (READ[reason] as FinishReason) : 'stop';
export const writeFinish = (reason: FinishReason): string => WRITTEN[reason];
