import { describe, expect, it } from '@jest/globals';
import { periodAt } from './budget-period.ts';

const at = (text: string): number => Date.parse(text);

describe('periodAt', () => {
  it.each([
    ['day', '2026-11-24T00:00:00.000Z', '2026-11-24', '2026-11-25T00:00:00Z'],
    ['day', '2026-11-24T23:59:59.999Z', '2026-11-24', '2026-11-25T00:00:00Z'],
    ['day', '2026-12-31T12:00:00Z', '2026-12-31', '2027-01-01T00:00:00Z'],
    ['day', '2028-02-28T12:00:00Z', '2028-02-28', '2028-02-29T00:00:00Z'],
    ['month', '2026-11-30T23:59:59.999Z', '2026-11', '2026-12-01T00:00:00Z'],
    ['month', '2026-12-01T00:00:00Z', '2026-12', '2027-01-01T00:00:00Z'],
    // in another time zone it is already the next day
    ['day', '2026-11-24T23:30:00-05:00', '2026-11-25', '2026-11-26T00:00:00Z'],
  ] as const)('maps a %s at %s to the period %s', (kind, now, name, end) => {
    expect(periodAt(kind, at(now))).toEqual({ name, endsAtMs: at(end) });
  });

  it('returns a total period without an end', () => {
    expect(periodAt('total', at('2026-11-24T00:00:00Z'))).toEqual({ name: 'total', endsAtMs: undefined });
  });
});
