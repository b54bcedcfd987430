import { invalid } from '../admin-error.ts';
import type { Scope } from '../permissions.ts';

const MAX_LENGTH = 64;

/**
 * Returns the name under which an administrator's new record is stored. All tenants share one namespace, so a "name is taken"
 * error would reveal another tenant's names. A record of a single-tenant administrator is therefore always named `TENANT.NAME`,
 * even if the plain name is free.
 *
 * @throws AdminError 400 if the name is too long with its tenant
 */
export function storedName({ tenant }: Scope, name: string): string {
  if (tenant === undefined || name.startsWith(`${tenant}.`)) return name;
  const whole = `${tenant}.${name}`;
  if (whole.length > MAX_LENGTH) throw invalid('name', `'${whole}' is longer than ${MAX_LENGTH} characters`);
  return whole;
}

/**
 * Finds an administrator's own record by its plain or its stored name. A record can also have a plain name if it was created
 * before names contained the tenant, or by an administrator of all tenants.
 *
 * @param isOwn returns whether the administrator may see a record
 */
export async function findOwn<T>(
  { tenant }: Scope,
  name: string,
  find: (name: string) => T | undefined | Promise<T | undefined>,
  isOwn: (record: T) => boolean,
): Promise<T | undefined> {
  const names = tenant === undefined || name.startsWith(`${tenant}.`) ? [name] : [name, `${tenant}.${name}`];
  for (const one of names) {
    const record = await find(one);
    if (record !== undefined && isOwn(record)) return record;
  }
  return undefined;
}
