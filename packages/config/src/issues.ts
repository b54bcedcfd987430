import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** What zod writes where a schema gives no message of its own. */
const NO_ALTERNATIVE = 'Invalid input';

/**
 * Replaces each "matches no alternative" by the issues of the intended alternative: the one whose type and fixed values (a
 * dialect's name) match, with the fewest issues.
 */
export function plainIssues(issues: readonly Issue[]): readonly Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'invalid_key' && issue.issues[0] !== undefined) return [{ ...issue.issues[0], path: issue.path }];
    if (issue.code !== 'invalid_union' || issue.message !== NO_ALTERNATIVE) return [issue];
    const [nearest] = [...issue.errors].sort((a, b) => distance(a) - distance(b) || a.length - b.length);
    if (nearest === undefined) return [issue];
    return plainIssues(nearest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
}

function distance(issues: readonly Issue[]): number {
  if (issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)) return 2;
  return issues.some(({ code }) => code === 'invalid_value') ? 1 : 0;
}
