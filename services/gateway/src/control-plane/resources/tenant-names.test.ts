import { describe, expect, it } from '@jest/globals';
import { findOwn, storedName } from './tenant-names.ts';

describe('tenant names', () => {
  it('prefixes the names of a single-tenant administrator, even if the plain name is free', () => {
    expect(storedName({ tenant: 'acme' }, 'app')).toBe('acme.app');
    expect(storedName({ tenant: 'acme' }, 'acme.app')).toBe('acme.app');
    expect(storedName({ tenant: 'acme' }, 'acme')).toBe('acme.acme');
    expect(storedName({}, 'app')).toBe('app');
    expect(storedName({ tenant: 'acme' }, 'x'.repeat(59))).toHaveLength(64);
    expect(() => storedName({ tenant: 'acme' }, 'x'.repeat(60))).toThrow('longer than 64');
  });

  it("finds an administrator's own records by plain and stored name, and no others", async () => {
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
