import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DIALECTS } from '../registry.ts';
import { estimateTexts, estimateTokens } from './estimate.ts';
import { plainTexts } from './plain-texts.ts';
import { byLength } from './text-counters.ts';

describe('plainTexts', () => {
  it('leads to the same estimate as the neutral form', () => {
    const message = fc.record({
      role: fc.constantFrom('system', 'developer', 'user', 'assistant'),
      content: fc.oneof(fc.string(), fc.constant('')),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        const body = { model: 'gpt', messages, temperature: 1 };
        const texts = plainTexts(body) as readonly string[];
        expect(estimateTexts(texts, byLength)).toBe(estimateTokens(DIALECTS['openai-chat'].readRequest(body), byLength));
      }),
    );
  });

  it.each([
    ['a list of parts', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }],
    ['tool calls', { messages: [{ role: 'assistant', content: 'a', tool_calls: [] }] }],
    ['a result of a tool', { messages: [{ role: 'tool', tool_call_id: '1', content: 'a' }] }],
    ['reasoning', { messages: [{ role: 'assistant', content: 'a', reasoning_content: 'b' }] }],
    ['no content', { messages: [{ role: 'assistant', content: null }] }],
    ['an unknown role', { messages: [{ role: '__proto__', content: 'a' }] }],
    ['tools', { messages: [{ role: 'user', content: 'a' }], tools: [] }],
    ['functions', { messages: [{ role: 'user', content: 'a' }], functions: [] }],
    ['no messages', { prompt: 'a' }],
  ])('returns nothing for a request with %s', (_what, body) => {
    expect(plainTexts(body)).toBeUndefined();
  });
});
