import { describe, expect, it } from '@jest/globals';
import { type LlmCall, LlmError, type StreamOutcome } from '@sluice/core';
import { byLength, openAiCall } from '@sluice/dialects';
import { usageOfStream } from './left-stream.ts';

const CUT = new LlmError('upstream_truncated', 'cut');
const TOLD = { inputTokens: 10, outputTokens: 5 };

describe('the tokens of a stream', () => {
  const callOf = (): LlmCall => openAiCall({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x'.repeat(35) }] });

  it.each<[what: string, outcome: StreamOutcome, usage: object | undefined, estimated: boolean]>([
    ['that said them at its end', { end: 'finished', usage: TOLD, generated: 7 }, TOLD, false],
    ['that was left', { end: 'cancelled', generated: 3 }, { inputTokens: 14, outputTokens: 3 }, true],
    ['that was left before anything came', { end: 'cancelled', generated: 0 }, { inputTokens: 14, outputTokens: 0 }, true],
    [
      'that told its prompt at its beginning, and was left',
      { end: 'cancelled', usage: { inputTokens: 12, outputTokens: 1, cachedInputTokens: 4 }, generated: 9 },
      { inputTokens: 12, outputTokens: 9, cachedInputTokens: 4 },
      true,
    ],
    ['that tells what had come again and again', { end: 'cancelled', usage: TOLD, generated: 2 }, TOLD, true],
    ['that was cut', { end: 'failed', error: CUT, generated: 3 }, { inputTokens: 14, outputTokens: 3 }, true],
    ['that failed before anything came', { end: 'failed', error: CUT, generated: 0 }, undefined, false],
    ['that ended and never said them', { end: 'finished', generated: 6 }, { inputTokens: 14, outputTokens: 6 }, true],
    ['that is no conversation', { end: 'finished' }, undefined, false],
  ])('%s', (_what, outcome, usage, estimated) => {
    const call = callOf();
    expect(usageOfStream(call, outcome, byLength)).toEqual({ usage, estimated });
  });

  it('whose bytes pass unread are nobody’s to guess', () => {
    const call = { ...callOf(), operation: 'other' as const };
    expect(usageOfStream(call, { end: 'cancelled' }, byLength)).toEqual({ usage: undefined, estimated: false });
  });
});
