import { describe, expect, it } from '@jest/globals';
import { defined } from './defined.ts';

describe('defined', () => {
  it('omits fields that are undefined', () => {
    expect(Object.keys(defined({ a: 1, b: undefined }))).toEqual(['a']);
  });

  it('returns fields that are null, false, zero or empty', () => {
    const fields = { a: null, b: false, c: 0, d: '', e: [] };
    expect(defined(fields)).toEqual(fields);
  });

  it('makes fields that could be undefined optional in the type', () => {
    const team: string | undefined = process.env['NO_SUCH_VARIABLE'];
    const record: { readonly name: string; readonly team?: string } = defined({ name: 'a', team });
    expect(record).toEqual({ name: 'a' });
  });
});
