import { describe, expect, it } from '@jest/globals';
import { OpenAiEventReader } from './read-stream.ts';

/** Returns the reasoning of a stream with these deltas. */
function reasoningOf(deltas: readonly object[]): string {
  const reader = new OpenAiEventReader();
  return deltas
    .flatMap((delta) => reader.read({ id: 'c', choices: [{ index: 0, delta, finish_reason: null }] }))
    .map((event) => (event.type === 'reasoning' ? event.text : ''))
    .join('');
}
const detail = (text: string) => ({
  reasoning_details: [{ type: 'reasoning.text', text, format: 'MiniMax-response-v1', index: 0 }],
});

describe('reasoning details in a stream of chat completions', () => {
  it('reads reasoning details in pieces, and cumulative ones', () => {
    expect(reasoningOf([detail('I think'), detail(' a lot'), detail('.')])).toBe('I think a lot.');
    expect(reasoningOf([detail('I think'), detail('I think a lot'), detail('I think a lot.')])).toBe('I think a lot.');
  });

  it('reads reasoning once when it is also next to the details', () => {
    expect(
      reasoningOf([
        { ...detail('So'), reasoning: 'So' },
        { ...detail(' on'), reasoning_content: ' on' },
      ]),
    ).toBe('So on');
  });
});
