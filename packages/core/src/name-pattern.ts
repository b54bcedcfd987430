const compiled = new Map<string, RegExp>();

/** Whether a name is one of these, in which `*` stands for any letters, none included. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => pattern === name || (pattern.includes('*') && expressionOf(pattern).test(name)));
}

/** Patterns come from the configuration and from administrators, so that there are few of them. */
function expressionOf(pattern: string): RegExp {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    // several stars in a row are one: each by itself would make a long name slow
    const parts = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    expression = new RegExp(`^${parts.join('.*')}$`);
    if (compiled.size >= 10_000) compiled.clear();
    compiled.set(pattern, expression);
  }
  return expression;
}
