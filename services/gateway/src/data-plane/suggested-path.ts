/** Maximum number of segments: a longer path is no mistake in a base URL. */
const MAX_SEGMENTS = 12;
const VERSIONS = ['/v1', '/v1beta'] as const;

/**
 * Returns the path that the client probably meant: without a trailing slash, with the version once, without extra segments in
 * front, or in lower case.
 *
 * @param known returns whether a route has a path
 */
export function suggestedPath(path: string, known: (path: string) => boolean): string | undefined {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0 || segments.length > MAX_SEGMENTS) return undefined;
  for (let from = 0; from < segments.length; from++) {
    const rest = `/${segments.slice(from).join('/')}`;
    for (const candidate of [rest, ...VERSIONS.map((version) => version + rest)]) {
      if (known(candidate)) return candidate;
      const small = candidate.toLowerCase();
      if (small !== candidate && known(small)) return small;
    }
  }
  return undefined;
}
