import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadOpenAiTokenizer, openAiCall } from '@sluice/dialects';
import { counterOf, estimateCall, promptTokens } from './call-estimate.ts';
import type { Target } from './routing/model.ts';

const TEXT = 'Hello, world!';
const target = (tokenizer?: 'openai', input = 1_000): Target => ({
  name: 'p/m',
  provider: 'p',
  model: 'm',
  weight: 1,
  price: { input, output: 0 },
  service: { complete: () => Promise.reject(new Error('not called')) },
  ...(tokenizer === undefined ? {} : { tokenizer }),
});
const estimate = (targets: Target[], more: object = {}) =>
  estimateCall(openAiCall({ model: 'm', messages: [{ role: 'user', content: TEXT }], ...more }), {
    name: 'm',
    strategy: 'priority',
    targets,
  });

describe('estimateCall', () => {
  beforeAll(loadOpenAiTokenizer);

  it("counts a prompt with OpenAI's tokenizer when all targets are OpenAI's, otherwise an upper bound by length", () => {
    // four for the message, four for the text
    expect(estimate([target('openai')]).usage.inputTokens).toBe(8);
    const atMost = 4 + Math.ceil(TEXT.length / 2.5);
    for (const targets of [[target()], [target('openai'), target()], []]) {
      expect(estimate(targets).usage.inputTokens).toBe(atMost);
    }
  });

  it('estimates the cost at the most expensive target for the longest response that the caller allows', () => {
    expect(estimate([target('openai', 1_000), target('openai', 3_000)]).cost).toBe(24_000_000);
    expect(estimate([target()], { max_tokens: 7 }).usage.outputTokens).toBe(7);
    expect(estimate([target()]).usage.outputTokens).toBe(4_096);
  });

  it('counts the prompt of an abandoned stream by a likely value instead of the upper bound', () => {
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: TEXT }] });
    expect(promptTokens(call, counterOf(target('openai')))).toBe(8);
    expect(promptTokens(call, counterOf(target()))).toBe(4 + Math.ceil(TEXT.length / 3.5));
  });
});
