import { describe, expect, it } from '@jest/globals';
import { type LlmCall, LlmError, type StreamOutcome, type Usage, type WholeReply } from '@sluice/core';
import { byLength, openAiCall } from '@sluice/dialects';
import { type EstimateReason, usageOfStream, usageOfWhole } from './billed-usage.ts';

const CUT = new LlmError('upstream_truncated', 'cut');
const REPORTED = { inputTokens: 10, outputTokens: 5 };
const callOf = (): LlmCall => openAiCall({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x'.repeat(35) }] });

describe('usageOfStream', () => {
  it.each<[what: string, outcome: StreamOutcome, usage: Usage | undefined, estimated: EstimateReason | undefined]>([
    ['with usage reported at its end', { end: 'finished', usage: REPORTED, generated: 7 }, REPORTED, undefined],
    ['cancelled by the client', { end: 'cancelled', generated: 3 }, { inputTokens: 14, outputTokens: 3 }, 'broken'],
    ['cancelled before anything came', { end: 'cancelled', generated: 0 }, { inputTokens: 14, outputTokens: 0 }, 'broken'],
    [
      'cancelled after it reported its prompt',
      { end: 'cancelled', usage: { inputTokens: 12, outputTokens: 1, cachedInputTokens: 4 }, generated: 9 },
      { inputTokens: 12, outputTokens: 9, cachedInputTokens: 4 },
      'broken',
    ],
    [
      'cancelled after it reported its progress repeatedly',
      { end: 'cancelled', usage: REPORTED, generated: 2 },
      REPORTED,
      'broken',
    ],
    ['cut off in its middle', { end: 'failed', error: CUT, generated: 3 }, { inputTokens: 14, outputTokens: 3 }, 'broken'],
    ['that failed before anything came', { end: 'failed', error: CUT, generated: 0 }, undefined, undefined],
    ['that ended without a report', { end: 'finished', generated: 6 }, { inputTokens: 14, outputTokens: 6 }, 'missing'],
    ['that ended without content or report', { end: 'finished' }, { inputTokens: 14, outputTokens: 0 }, 'missing'],
    [
      'with an implausible completion count',
      {
        end: 'finished',
        usage: { ...REPORTED, outputTokens: 0, issue: { reason: 'implausible', input: false, output: true } },
        generated: 6,
      },
      { inputTokens: 10, outputTokens: 6 },
      'implausible',
    ],
  ])('counts the tokens of a stream %s', (_what, outcome, usage, estimated) => {
    expect(usageOfStream(callOf(), outcome, byLength)).toEqual({ usage, estimated });
  });

  it('does not estimate usage for passthrough routes', () => {
    const call = { ...callOf(), operation: 'other' as const };
    expect(usageOfStream(call, { end: 'cancelled' }, byLength)).toEqual({ usage: undefined, estimated: undefined });
  });
});

describe('usageOfWhole', () => {
  const reply = (more: Partial<WholeReply>): WholeReply => ({
    ...{ status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}'), generated: 20 },
    ...more,
  });
  const of = (more: Partial<WholeReply>, call = callOf()) => usageOfWhole(call, reply(more), byLength);

  it('returns the usage of a whole response as reported', () => {
    expect(of({ usage: REPORTED })).toEqual({ usage: REPORTED, estimated: undefined });
  });

  it('estimates the usage of a whole response without a report', () => {
    expect(of({})).toEqual({ usage: { inputTokens: 14, outputTokens: 20 }, estimated: 'missing' });
  });

  it('estimates an unusable total and keeps the other reported total', () => {
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

  it('counts only the prompt of embeddings', () => {
    expect(of({}, { ...callOf(), operation: 'embeddings' }).usage?.outputTokens).toBe(0);
  });

  it('estimates no usage for a refusal or for a route that is not billed by tokens', () => {
    expect(of({ status: 400 })).toEqual({ usage: undefined, estimated: undefined });
    expect(of({}, { ...callOf(), operation: 'count_tokens' })).toEqual({ usage: undefined, estimated: undefined });
  });
});
