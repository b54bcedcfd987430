import type { FinishReason } from '../neutral/reply.ts';

/** OpenAI's finish reasons, and those of Mistral, Anthropic, Gemini and Zhipu that compatible servers send. */
const READ: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
  model_length: 'length',
  max_tokens: 'length',
  max_length: 'length',
  tool_use: 'tool_calls',
  tool_call: 'tool_calls',
  safety: 'refusal',
  refusal: 'refusal',
  sensitive: 'refusal',
  stop_sequence: 'stop_sequence',
};
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  pause: 'stop',
};

/**
 * Reads a finish reason; an unknown one is `stop`. A response with calls has the reason `tool_calls`: OpenAI reports `stop` if
 * the client forced one function, and vLLM and Ollama always do.
 */
export function readFinish(reason: string, calls: boolean): FinishReason {
  const known = reason.toLowerCase();
  const read = Object.hasOwn(READ, known) ? (READ[known] as FinishReason) : 'stop';
  return read === 'stop' && calls ? 'tool_calls' : read;
}

export const writeFinish = (reason: FinishReason): string => WRITTEN[reason];
