/**
 * Returns whether a list in the form of `NO_PROXY` contains a host: by its name, by its domain (`.internal`, `*.internal`),
 * with or without a port, or by `*`.
 *
 * @param except names separated by commas or white space
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
