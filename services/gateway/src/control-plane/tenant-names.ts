import { invalid } from './admin-error.ts';
import type { Scope } from './permissions.ts';

const MAX_LENGTH = 64;

/**
 * Returns the name under which an administrator's new record is stored. Names are shared by all tenants, so that "taken" would tell one tenant which names
 * another has: what an administrator of one tenant makes is therefore named `TENANT.NAME`, whether the plain name is taken or not.
 *
 * @throws AdminError 400 for a name that is too long with its tenant
 */
export function storedName({ tenant }: Scope, name: string): string {
  if (tenant === undefined || name.startsWith(`${tenant}.`)) return name;
  const whole = `${tenant}.${name}`;
  if (whole.length > MAX_LENGTH) throw invalid('name', `'${whole}' is longer than ${MAX_LENGTH} characters`);
  return whole;
}

/**
 * Finds an administrator's own record by its plain or its stored name. A plain name is also that of a record which was made before names had the tenant in
 * front, or by an administrator of all tenants.
 *
 * @param isOwn whether the administrator may see a record
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
