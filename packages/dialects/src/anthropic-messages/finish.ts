import type { StopReason } from '@anthropic-ai/sdk/resources/messages/messages';
import type { FinishReason } from '../neutral/reply.ts';

const READ: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop_sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
  pause_turn: 'pause',
};
const WRITTEN: Readonly<Record<FinishReason, StopReason>> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  pause: 'pause_turn',
};

/** Reads a finish reason; an unknown one is `stop`. */
export const readFinish = (reason: string): FinishReason =>
  Object.hasOwn(READ, reason) ? (READ[reason] as FinishReason) : 'stop';
export const writeFinish = (reason: FinishReason): StopReason => WRITTEN[reason];
