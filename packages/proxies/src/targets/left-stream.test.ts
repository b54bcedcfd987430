import { describe, expect, it } from '@jest/globals';
import { type LlmCall, LlmError, type StreamOutcome, type Usage, type WholeReply } from '@sluice/core';
import { byLength, openAiCall } from '@sluice/dialects';
import { type EstimateReason, usageOfStream, usageOfWhole } from './left-stream.ts';

const CUT = new LlmError('upstream_truncated', 'cut');
const TOLD = { inputTokens: 10, outputTokens: 5 };
const callOf = (): LlmCall => openAiCall({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x'.repeat(35) }] });

describe('the tokens of a stream', () => {
  it.each<[what: string, outcome: StreamOutcome, usage: Usage | undefined, estimated: EstimateReason | undefined]>([
    ['reported at its end', { end: 'finished', usage: TOLD, generated: 7 }, TOLD, undefined],
    ['cancelled by the client', { end: 'cancelled', generated: 3 }, { inputTokens: 14, outputTokens: 3 }, 'broken'],
    ['cancelled before anything came', { end: 'cancelled', generated: 0 }, { inputTokens: 14, outputTokens: 0 }, 'broken'],
    [
      'that reported its prompt at its beginning, and was cancelled',
      { end: 'cancelled', usage: { inputTokens: 12, outputTokens: 1, cachedInputTokens: 4 }, generated: 9 },
      { inputTokens: 12, outputTokens: 9, cachedInputTokens: 4 },
      'broken',
    ],
    ['that reports again and again what has come', { end: 'cancelled', usage: TOLD, generated: 2 }, TOLD, 'broken'],
    ['cut in its middle', { end: 'failed', error: CUT, generated: 3 }, { inputTokens: 14, outputTokens: 3 }, 'broken'],
    ['that failed before anything came', { end: 'failed', error: CUT, generated: 0 }, undefined, undefined],
    ['that ended without a report', { end: 'finished', generated: 6 }, { inputTokens: 14, outputTokens: 6 }, 'missing'],
    ['that ended with nothing at all', { end: 'finished' }, { inputTokens: 14, outputTokens: 0 }, 'missing'],
    [
      'that reported a nonsensical completion',
      {
        end: 'finished',
        usage: { ...TOLD, outputTokens: 0, issue: { reason: 'implausible', input: false, output: true } },
        generated: 6,
      },
      { inputTokens: 10, outputTokens: 6 },
      'implausible',
    ],
  ])('%s', (_what, outcome, usage, estimated) => {
    expect(usageOfStream(callOf(), outcome, byLength)).toEqual({ usage, estimated });
  });

  it('are not estimated for a route whose bytes pass unread', () => {
    const call = { ...callOf(), operation: 'other' as const };
    expect(usageOfStream(call, { end: 'cancelled' }, byLength)).toEqual({ usage: undefined, estimated: undefined });
  });
});

describe('the tokens of a whole answer', () => {
  const reply = (more: Partial<WholeReply>): WholeReply => ({
    ...{ status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}'), generated: 20 },
    ...more,
  });
  const of = (more: Partial<WholeReply>, call = callOf()) => usageOfWhole(call, reply(more), byLength);

  it('are as the provider reported them', () => {
    expect(of({ usage: TOLD })).toEqual({ usage: TOLD, estimated: undefined });
  });

  it('are estimated where the provider did not report them', () => {
    expect(of({})).toEqual({ usage: { inputTokens: 14, outputTokens: 20 }, estimated: 'missing' });
  });

  it('are estimated where one of the totals is not usable, and the other is kept', () => {
    const issue = (input: boolean, output: boolean) => ({ reason: 'malformed', input, output }) as const;
    expect(of({ usage: { inputTokens: 0, outputTokens: 2_000_000, issue: issue(true, false) } })).toEqual({
      ...{ usage: { inputTokens: 14, outputTokens: 2_000_000 }, estimated: 'malformed' },
    });
    expect(of({ usage: { inputTokens: 900, outputTokens: 0, issue: issue(false, true) } })).toEqual({
      ...{ usage: { inputTokens: 900, outputTokens: 20 }, estimated: 'malformed' },
    });
    expect(of({ usage: { inputTokens: 900, outputTokens: 7, issue: issue(false, false) } })).toEqual({
      ...{ usage: { inputTokens: 900, outputTokens: 7 }, estimated: 'malformed' },
    });
  });

  it('of embeddings are those of the prompt alone', () => {
    expect(of({}, { ...callOf(), operation: 'embeddings' }).usage?.outputTokens).toBe(0);
  });

  it('are none for a refusal, and for a route without a price by tokens', () => {
    expect(of({ status: 400 })).toEqual({ usage: undefined, estimated: undefined });
    expect(of({}, { ...callOf(), operation: 'count_tokens' })).toEqual({ usage: undefined, estimated: undefined });
  });
});
