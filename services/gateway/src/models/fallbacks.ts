import type { GatewayConfig } from '@sluice/config';

/**
 * Returns a model's fallbacks and their fallbacks, each once, in the order in which they are tried.
 *
 * @throws Error that names the invalid field
 */
export function fallbackNames(name: string, models: GatewayConfig['models']): string[] {
  const found = new Set<string>();
  const follow = (of: string, path: readonly string[]): void => {
    models[of]?.fallback.forEach((fallback, n) => {
      const field = `models.${of}.fallback[${n}]`;
      if (models[fallback] === undefined) throw new Error(`${field}: there is no model '${fallback}' under models`);
      if (path.includes(fallback)) throw new Error(`${field}: '${[...path, fallback].join(' → ')}' is a loop`);
      found.add(fallback);
      follow(fallback, [...path, fallback]);
    });
  };
  follow(name, [name]);
  return [...found];
}
