const compiled = new Map<string, RegExp>();

/** Returns whether a name matches one of the patterns, in which `*` matches any characters, or none. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => pattern === name || (pattern.includes('*') && expressionOf(pattern).test(name)));
}

/** Compiled patterns are cached. Patterns come from the configuration and from administrators, so there are few. */
function expressionOf(pattern: string): RegExp {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    // several stars in a row are merged: separate ones would backtrack on a long name
    const parts = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    expression = new RegExp(`^${parts.join('.*')}$`);
    if (compiled.size >= 10_000) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression;
}
