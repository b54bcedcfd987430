/**
 * Whether a list as `NO_PROXY` has it names a host: by its name, by a domain that it is in (`.internal`, `*.internal`), with or without a port, or by `*`.
 *
 * @param except names separated by commas or blanks
 */
export function isExcepted(except: string, hostname: string, port: number): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '') return false;
      if (entry === '*') return true;
      const [, name = entry, only] = /^(.+?):(\d+)$/.exec(entry) ?? [];
      if (only !== undefined && Number(only) !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return host === domain || host.endsWith(`.${domain}`);
    });
}
