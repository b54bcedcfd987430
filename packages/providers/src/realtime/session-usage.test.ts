import { describe, expect, it } from '@jest/globals';
import { SessionUsage } from './session-usage.ts';

describe('SessionUsage', () => {
  it('has no usage before the first message', () => {
    expect(new SessionUsage().total()).toBeUndefined();
  });

  it('adds reports, and drops the estimates of reported tokens', () => {
    const usage = new SessionUsage();
    usage.sent(100);
    usage.received(5);
    usage.report({ inputTokens: 10, outputTokens: 4, audioOutputTokens: 2 });
    usage.report({ inputTokens: 20, outputTokens: 6, cachedInputTokens: 8 });
    expect(usage.total()).toEqual({ inputTokens: 30, outputTokens: 10, audioOutputTokens: 2, cachedInputTokens: 8 });
  });

  it('estimates an unreported answer, with the preceding conversation as its prompt', () => {
    const usage = new SessionUsage();
    usage.report({ inputTokens: 10, outputTokens: 4 });
    usage.sent(1, 3);
    usage.received(5, 2);
    expect(usage.total()).toEqual({
      ...{ inputTokens: 10 + 14 + 4, outputTokens: 4 + 7, audioInputTokens: 3, audioOutputTokens: 2 },
      issue: { reason: 'missing', input: true, output: true },
    });
  });

  it('does not estimate client messages after the last answer, because no provider bills them', () => {
    const usage = new SessionUsage();
    usage.report({ inputTokens: 10, outputTokens: 4 });
    usage.sent(50);
    expect(usage.total()).toEqual({ inputTokens: 10, outputTokens: 4 });
  });

  it('replaces an invalid report by the estimate', () => {
    const usage = new SessionUsage();
    usage.sent(8);
    usage.received(5);
    const issue = { reason: 'implausible', input: true, output: false } as const;
    usage.report({ inputTokens: 0, outputTokens: 4, issue });
    expect(usage.total()).toEqual({ inputTokens: 8, outputTokens: 5, issue });
  });

  it('keeps an answer in progress unreported when a transcription is reported', () => {
    const usage = new SessionUsage();
    usage.received(5);
    usage.reportBeside({ inputTokens: 3, outputTokens: 1 });
    expect(usage.total()).toMatchObject({ outputTokens: 6, issue: { reason: 'missing' } });
  });
});
