import { describe, expect, it } from '@jest/globals';
import { OpenAiEventReader } from './read-stream.ts';

/** The reasoning that a stream of these deltas has. */
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

describe('reasoning in details of a stream of chat completions', () => {
  it('is read in pieces, and where each piece is all of it so far', () => {
    expect(reasoningOf([detail('I think'), detail(' a lot'), detail('.')])).toBe('I think a lot.');
    expect(reasoningOf([detail('I think'), detail('I think a lot'), detail('I think a lot.')])).toBe('I think a lot.');
  });

  it('is read once where it is also beside the details', () => {
    expect(
      reasoningOf([
        { ...detail('So'), reasoning: 'So' },
        { ...detail(' on'), reasoning_content: ' on' },
      ]),
    ).toBe('So on');
  });
});
