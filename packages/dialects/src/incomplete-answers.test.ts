import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { isIncompleteAnswer } from './incomplete-answers.ts';

describe('isIncompleteAnswer', () => {
  it.each<[DialectName, string, boolean]>([
    ['openai-chat', '{"choices":[{"finish_reason":"stop"}]}', false],
    ['openai-chat', '{"choices":[{"finish_reason": "length"}]}', true],
    ['openai-chat', 'data: {"choices":[{"finish_reason":"content_filter"}]}\n\n', true],
    ['openai-chat', '{"choices":[{"message":{"refusal":"I cannot"},"finish_reason":"stop"}]}', true],
    ['openai-chat', '{"choices":[{"message":{"refusal":null},"finish_reason":"stop"}]}', false],
    ['openai-chat', '{"choices":[{"message":{"content":"\\"finish_reason\\":\\"length\\""},"finish_reason":"stop"}]}', false],
    ['anthropic-messages', '{"stop_reason":"end_turn"}', false],
    ['anthropic-messages', '{"stop_reason":"max_tokens"}', true],
    ['anthropic-messages', '{"stop_reason":"refusal"}', true],
    ['gemini', '{"candidates":[{"finishReason":"STOP"}]}', false],
    ['gemini', '{"candidates":[{"finishReason":"MAX_TOKENS"}]}', true],
    ['gemini', '{"candidates":[{"finishReason":"SAFETY"}]}', true],
    ['gemini', '{"promptFeedback":{"blockReason":"SAFETY"}}', true],
    ['openai-responses', '{"status":"completed"}', false],
    ['openai-responses', '{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}', true],
    ['bedrock-converse', '{"stopReason":"end_turn"}', false],
    ['bedrock-converse', '{"stopReason":"content_filtered"}', true],
  ])('reads an answer of %s: %s', (dialect, text, expected) => {
    expect(isIncompleteAnswer(dialect, Buffer.from(text))).toBe(expected);
  });
});
