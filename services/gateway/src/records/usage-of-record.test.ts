import { describe, expect, it } from '@jest/globals';
import type { AuditRecord } from '@sluice/proxies';
import { mergeSums, TagUsage, toDailySums, usageOfRecord } from './usage-of-record.ts';

const record = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  time: '2026-11-24T23:59:59.999Z',
  requestId: 'r',
  outcome: 'answered',
  status: 200,
  error: null,
  key: 'app',
  tenant: 'acme',
  team: 'web',
  route: 'POST /v1/chat/completions',
  model: 'fast',
  target: 'openai/gpt',
  provider: 'openai',
  attempts: 1,
  inputTokens: 10,
  outputTokens: 5,
  cachedInputTokens: 4,
  cacheWriteTokens: 3,
  reasoningTokens: 2,
  costNanos: 123,
  latencyMs: 12.4,
  cache: 'miss',
  tags: {},
  ...more,
});

describe('usage of a record', () => {
  it("returns a call's tokens and its cost in nano-dollars, on the day of the call", () => {
    expect(usageOfRecord(record())).toEqual({
      day: '2026-11-24',
      hour: '23',
      tag: '',
      tenant: 'acme',
      team: 'web',
      key: 'app',
      provider: 'openai',
      model: 'fast',
      calls: 1,
      errors: 0,
      hits: 0,
      inputTokens: 10,
      cachedInputTokens: 4,
      cacheWriteTokens: 3,
      outputTokens: 5,
      reasoningTokens: 2,
      cost: 123,
      saved: 0,
      unpriced: 0,
      latencyMs: 12,
    });
  });

  it('counts a cache hit as saved cost without tokens', () => {
    expect(usageOfRecord(record({ cache: 'hit', costNanos: undefined, savedNanos: 123 }))).toMatchObject({
      model: 'fast',
      hits: 1,
      inputTokens: 0,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      cost: 0,
      saved: 123,
      unpriced: 0,
    });
  });

  it('omits the model of a call without usage, because clients can send any name', () => {
    const nothing = { provider: null, inputTokens: null, outputTokens: null, costNanos: undefined };
    expect(usageOfRecord(record({ ...nothing, outcome: 'refused', status: 404 }))).toMatchObject({
      model: '',
      provider: '',
      errors: 1,
      unpriced: 0,
    });
  });

  it('counts calls without a price, and names no tenant when the key is unknown', () => {
    expect(usageOfRecord(record({ costNanos: undefined }))).toMatchObject({ unpriced: 1, cost: 0, inputTokens: 10 });
    const unknown = record({
      key: null,
      tenant: null,
      outcome: 'refused',
      status: 401,
      error: 'invalid_api_key',
      tags: { a: 'b' },
    });
    expect(usageOfRecord(unknown)).toMatchObject({ key: '', tenant: '', calls: 1, errors: 1, reason: 'invalid_api_key' });
    expect(new TagUsage().of(usageOfRecord(unknown), unknown.tags)).toEqual([]);
  });

  it('returns the reason of an unanswered call', () => {
    expect(usageOfRecord(record())).not.toHaveProperty('reason');
    expect(usageOfRecord(record({ outcome: 'failed', error: 'upstream_error' })).reason).toBe('upstream_error');
    expect(usageOfRecord(record({ outcome: 'cancelled', error: 'client_closed' })).reason).toBe('client_closed');
    expect(usageOfRecord(record({ outcome: 'refused', status: 400 })).reason).toBe('rejected_by_provider');
    const sums = mergeSums([record(), record({ outcome: 'refused', error: 'model_not_found' }), record()].map(usageOfRecord));
    expect(sums.map(({ calls, reason }) => [calls, reason])).toEqual([
      [2, undefined],
      [1, 'model_not_found'],
    ]);
  });

  it('adds up sums by day and combination', () => {
    const sums = [record(), record(), record({ time: '2026-11-25T00:00:00.000Z' }), record({ key: 'other' })].flatMap((one) =>
      usageOfRecord(one),
    );
    expect(mergeSums(sums).map(({ day, key, calls, cost }) => [day, key, calls, cost])).toEqual([
      ['2026-11-24', 'app', 2, 246],
      ['2026-11-25', 'app', 1, 123],
      ['2026-11-24', 'other', 1, 123],
    ]);
  });

  it("adds up the hours' sums to days", () => {
    const times = ['2026-11-24T01:00:00.000Z', '2026-11-24T02:00:00.000Z', '2026-11-25T02:00:00.000Z'];
    const hours = times.flatMap((time) => usageOfRecord(record({ time })) ?? []);
    expect(toDailySums(hours).map(({ day, hour, calls }) => [day, hour, calls])).toEqual([
      ['2026-11-24', '', 2],
      ['2026-11-25', '', 1],
    ]);
  });

  it('counts a call for each of its tags, up to a bound of distinct tags', () => {
    const tags = new TagUsage();
    const sum = usageOfRecord(record()) as NonNullable<ReturnType<typeof usageOfRecord>>;
    expect(tags.of(sum, { user: 'a', stage: 'test' })).toEqual([
      { ...sum, hour: '', tag: 'user=a' },
      { ...sum, hour: '', tag: 'stage=test' },
    ]);
    for (let n = 0; n < 10_000; n++) tags.of(sum, { n: `${n}` });
    expect(tags.of(sum, { user: 'b', other: 'c' })).toEqual([{ ...sum, hour: '', tag: '(other)' }]);
    expect(tags.of(sum, { user: 'a' })).toMatchObject([{ tag: 'user=a' }]);
    expect(tags.of({ ...sum, day: '2026-11-25' }, { user: 'b' })).toMatchObject([{ tag: 'user=b' }]);
  });
});
