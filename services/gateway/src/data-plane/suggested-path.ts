/** Longer paths are no slip of a base URL. */
const MAX_SEGMENTS = 12;
const VERSIONS = ['/v1', '/v1beta'] as const;

/**
 * Returns the path that was probably meant by one that no route has: without a slash at the end, a version that stands there twice or is missing, segments
 * in front of it, or capitals.
 *
 * @param known whether a route has a path
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
