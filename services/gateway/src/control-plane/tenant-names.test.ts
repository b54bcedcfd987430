import { describe, expect, it } from '@jest/globals';
import { findOwn, storedName } from './tenant-names.ts';

describe('names of records of one tenant', () => {
  it('have the tenant in front for its administrators, whatever is taken', () => {
    expect(storedName({ tenant: 'acme' }, 'app')).toBe('acme.app');
    expect(storedName({ tenant: 'acme' }, 'acme.app')).toBe('acme.app');
    expect(storedName({ tenant: 'acme' }, 'acme')).toBe('acme.acme');
    expect(storedName({}, 'app')).toBe('app');
    expect(storedName({ tenant: 'acme' }, 'x'.repeat(59))).toHaveLength(64);
    expect(() => storedName({ tenant: 'acme' }, 'x'.repeat(60))).toThrow('longer than 64');
  });

  it('are found by the plain and the stored name, one’s own alone', async () => {
    const records = new Map([
      ['app', 'other'],
      ['old', 'acme'],
      ['acme.app', 'acme'],
    ]);
    const find = (tenant: string | undefined, name: string) =>
      findOwn(
        { tenant },
        name,
        (one) => (records.has(one) ? { name: one, tenant: records.get(one) } : undefined),
        (record) => tenant === undefined || record.tenant === tenant,
      ).then((record) => record?.name);
    expect(await find('acme', 'app')).toBe('acme.app');
    expect(await find('acme', 'acme.app')).toBe('acme.app');
    expect(await find('acme', 'old')).toBe('old');
    expect(await find('acme', 'nothing')).toBeUndefined();
    expect(await find('other', 'old')).toBeUndefined();
    expect(await find(undefined, 'app')).toBe('app');
  });
});
