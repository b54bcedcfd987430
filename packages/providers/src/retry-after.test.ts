import { describe, expect, it } from '@jest/globals';
import { retryAfterMs, shouldRetry } from './retry-after.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'Tue, 24 Nov 2026 10:00:07 GMT' }, 7_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': '1000000000' }, 600_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after-ms': 'x' }, undefined],
    [{}, undefined],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m2s' }, 62_000],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '120ms' }, 120],
    [{ 'x-ratelimit-remaining-tokens': '5', 'x-ratelimit-reset-tokens': '6m0s' }, undefined],
    [{ 'anthropic-ratelimit-requests-remaining': '0', 'anthropic-ratelimit-requests-reset': '2026-11-24T10:00:03Z' }, 3_000],
    [
      { 'anthropic-ratelimit-input-tokens-remaining': '0', 'anthropic-ratelimit-input-tokens-reset': '2026-11-24T10:00:04Z' },
      4_000,
    ],
    [
      { 'anthropic-ratelimit-output-tokens-remaining': '0', 'anthropic-ratelimit-output-tokens-reset': '2026-11-24T10:00:05Z' },
      5_000,
    ],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${NOW + 6_000}` }, 6_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${NOW / 1_000 + 7}` }, 7_000],
    [{ 'x-ratelimit-remaining-tokens-minute': '0', 'x-ratelimit-reset-tokens-minute': '8.5' }, 8_500],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': 'later' }, undefined],
  ])('reads the delay of the headers %j as %s ms', (headers, expected) => {
    expect(retryAfterMs(headers, NOW)).toBe(expected);
  });

  it('reads from x-should-retry whether a retry may help', () => {
    expect([{ 'x-should-retry': 'true' }, { 'x-should-retry': 'false' }, { 'x-should-retry': '?' }, {}].map(shouldRetry)).toEqual(
      [true, false, undefined, undefined],
    );
  });
});
