import { ANTHROPIC_ROUTES } from './anthropic-routes.ts';
import { GEMINI_OTHER_ROUTES } from './gemini-other-routes.ts';
import { OPENAI_ROUTES } from './openai-routes.ts';
import type { Api, Method, OtherRoute } from './other-route.ts';
import { REFUSED_ROUTES } from './refused-routes.ts';
import { RERANK_ROUTES } from './rerank-routes.ts';

/** All pass-through routes. A route that is not listed is never forwarded. */
export const OTHER_ROUTES: readonly OtherRoute[] = [
  ...OPENAI_ROUTES,
  ...ANTHROPIC_ROUTES,
  ...GEMINI_OTHER_ROUTES,
  ...RERANK_ROUTES,
];

/** The route that a request matches. */
export interface RouteMatch {
  readonly route: OtherRoute;
  /** The model in the path, if any. */
  readonly model: string | undefined;
  /** The other parameters of the path, in order. */
  readonly ids: readonly string[];
}

interface Compiled {
  readonly route: OtherRoute;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** Returns the pattern of a template. A model name may contain slashes. An id contains no slash and, at Gemini, no colon. */
function patternOf(template: string): RegExp {
  const [first = '', ...rest] = template.split(/\{\w+\}/);
  const names = namesIn(template);
  const id = template.includes('v1beta/') ? '([^/:]+)' : '([^/]+)';
  const escaped = (text: string): string => text.replace(/[.*+?^$()[\]\\|]/g, '\\$&');
  return new RegExp(
    `^${escaped(first)}${rest.map((text, n) => `${names[n] === 'model' ? '(.+)' : id}${escaped(text)}`).join('')}$`,
  );
}

const namesIn = (template: string): string[] => [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);

/** Returns the first two segments of a path, which few routes share. */
const familyOf = (path: string): string => path.split('/', 3).join('/').replace(/\*$/, '');

const byFamily = Map.groupBy(
  OTHER_ROUTES.map((route): Compiled => ({ route, pattern: patternOf(route.path), names: namesIn(route.path) })),
  ({ route }) => familyOf(route.path),
);

/**
 * Returns the pattern of a refused path. A final `*` covers the path itself and everything below it, a final `/*` only what is
 * below it.
 */
function refusedPattern(path: string): RegExp {
  if (!path.endsWith('*')) return patternOf(path);
  const { source } = patternOf(path.slice(0, -1));
  return new RegExp(source.replace(/\$$/, path.endsWith('/*') ? '.+' : '(?:$|[/:])'));
}

const refusedByFamily = Map.groupBy(
  REFUSED_ROUTES.flatMap(({ api, paths, instead }) =>
    paths.map((path) => ({ api, instead, family: familyOf(path), pattern: refusedPattern(path) })),
  ),
  ({ family }) => family,
);

/**
 * Returns the route of a request. If two APIs share a path, the route belongs to the API whose client sent the request. A
 * client of one API is never answered by another API's route.
 *
 * @param path in its canonical form
 * @param api the client's API according to its headers; undefined if the headers do not identify it
 */
export function matchRoute(method: string, path: string, api: Api | undefined): RouteMatch | undefined {
  for (const compiled of byFamily.get(familyOf(path)) ?? []) {
    const { route } = compiled;
    if (route.method !== method || !answers(route, api)) continue;
    const match = matched(compiled, path);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** Returns whether a route serves clients of an API. OpenAI's clients send no identifying header; Gemini's paths are unique. */
const answers = (route: OtherRoute, api: Api | undefined): boolean =>
  api === undefined
    ? route.api !== 'anthropic' || route.path.startsWith('/v1/messages/')
    : route.api === api || route.api === 'rerank';

function matched({ route, pattern, names }: Compiled, path: string): RouteMatch | undefined {
  const found = pattern.exec(path);
  if (found === null) return undefined;
  const values = found.slice(1).map((value) => decodeURIComponent(value));
  const model = names.indexOf('model');
  const ids = values.filter((_, n) => n !== model);
  // only models may contain an encoded slash
  if (ids.some((id) => id.includes('/'))) return undefined;
  return { route, model: model === -1 ? undefined : values[model], ids };
}

/** Returns the methods of the routes with a path, in any API. */
export function methodsOf(path: string): Method[] {
  const found = (byFamily.get(familyOf(path)) ?? []).filter(({ pattern }) => pattern.test(path));
  return [...new Set(found.map(({ route }) => route.method))];
}

/** Returns the alternative to a vendor's route that is not served. */
export function refusedRoute(path: string, api: Api | undefined): { readonly api: Api; readonly instead: string } | undefined {
  const found = (refusedByFamily.get(familyOf(path)) ?? []).filter(({ pattern }) => pattern.test(path));
  return found.find((one) => one.api === api) ?? found[0];
}
