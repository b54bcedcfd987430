import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@sluice/dialects';
import { loop, written } from '../../../../test/support/profiled-request.ts';

const gemini = (model: string, more: JsonObject) => written(model, more, 'google', 'gemini').body['generationConfig'];

describe('profile of Gemini', () => {
  it('sends Gemini an effort as a budget at 2.5, and as a level from 3 on', () => {
    const high = { reasoning_effort: 'high' };
    expect(gemini('gemini-2.5-flash', high)).toEqual({ thinkingConfig: { includeThoughts: true, thinkingBudget: 16_384 } });
    expect(gemini('gemini-2.5-pro', { reasoning_effort: 'xhigh' })).toMatchObject({ thinkingConfig: { thinkingBudget: 32_768 } });
    expect(gemini('gemini-2.5-flash', { reasoning_effort: 'xhigh' })).toMatchObject({
      thinkingConfig: { thinkingBudget: 24_576 },
    });
    expect(gemini('gemini-3-pro-preview', high)).toEqual({ thinkingConfig: { includeThoughts: true, thinkingLevel: 'HIGH' } });
    expect(gemini('gemini-3-pro-preview', { reasoning_effort: 'medium' })).toMatchObject({
      thinkingConfig: { thinkingLevel: 'HIGH' },
    });
    expect(gemini('gemini-next', { reasoning: { max_tokens: 2_000 } })).toMatchObject({
      thinkingConfig: { thinkingLevel: 'LOW' },
    });
    expect(gemini('gemini-2.0-flash', high)).toBeUndefined();
  });

  it('turns reasoning off for Gemini models that allow it', () => {
    const none = { reasoning_effort: 'none' };
    expect(gemini('gemini-2.5-flash', none)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
    expect(gemini('gemini-2.5-flash-lite', none)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
    const pro = written('gemini-2.5-pro', none, 'google', 'gemini');
    expect(pro.body).toMatchObject({ generationConfig: { thinkingConfig: { thinkingBudget: 128 } } });
    expect(pro.dropped).toEqual(['reasoning_effort']);
    expect(gemini('gemini-3-flash-preview', none)).toMatchObject({ thinkingConfig: { thinkingLevel: 'MINIMAL' } });
  });

  it('marks calls of other providers for Gemini from 3 on', () => {
    const contents = (model: string) => JSON.stringify(written(model, { messages: loop }, 'google', 'gemini').body['contents']);
    for (const model of ['gemini-3-pro-preview', 'gemini-3.7-flash', 'gemini-next', 'm']) {
      expect(contents(model)).toContain('"thoughtSignature":"skip_thought_signature_validator"');
    }
    expect(contents('gemini-2.5-flash')).not.toContain('thoughtSignature');
  });
});
