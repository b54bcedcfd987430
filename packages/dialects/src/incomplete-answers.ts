import type { DialectName } from '@sluice/core';

/**
 * The finish reasons of answers that were cut by a limit, or refused or filtered by the model or the provider. The quotes inside a
 * JSON text are escaped, so that no generated text matches.
 */
const MARKS: Readonly<Record<DialectName, RegExp>> = {
  'openai-chat':
    /"finish_reason"\s*:\s*"(?:length|content_filter|max_tokens|model_length|max_length|safety|refusal|sensitive)"|"refusal"\s*:\s*"[^"]/,
  'openai-responses': /"status"\s*:\s*"incomplete"|"type"\s*:\s*"refusal"/,
  'anthropic-messages': /"stop_reason"\s*:\s*"(?:max_tokens|model_context_window_exceeded|refusal|pause_turn)"/,
  gemini: /"finish_?[Rr]eason"\s*:\s*"(?!STOP"|FINISH_REASON_UNSPECIFIED"|")|"block_?[Rr]eason"\s*:/,
  'bedrock-converse': /"stopReason"\s*:\s*"(?:max_tokens|model_context_window_exceeded|guardrail_intervened|content_filtered)"/,
};

/**
 * Returns whether an answer was cut by a limit, refused or filtered, so that another attempt may have a better one.
 *
 * @param bytes the whole answer, or all events of a stream, in the dialect
 */
export function isIncompleteAnswer(dialect: DialectName, bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return MARKS[dialect].test(text);
}
