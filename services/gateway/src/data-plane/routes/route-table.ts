import { ANTHROPIC_ROUTES } from './anthropic-routes.ts';
import { GEMINI_OTHER_ROUTES } from './gemini-other-routes.ts';
import { OPENAI_ROUTES } from './openai-routes.ts';
import type { Api, Method, OtherRoute } from './other-route.ts';
import { REFUSED_ROUTES } from './refused-routes.ts';
import { RERANK_ROUTES } from './rerank-routes.ts';

/** Every route that passes to a provider as it is. Nothing that is not listed does. */
export const OTHER_ROUTES: readonly OtherRoute[] = [
  ...OPENAI_ROUTES,
  ...ANTHROPIC_ROUTES,
  ...GEMINI_OTHER_ROUTES,
  ...RERANK_ROUTES,
];

/** A route that a request is for. */
export interface RouteMatch {
  readonly route: OtherRoute;
  /** The model in the path, where there is one. */
  readonly model: string | undefined;
  /** The other parameters of the path, in order. */
  readonly ids: readonly string[];
}

interface Compiled {
  readonly route: OtherRoute;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** A pattern of a template: a model's name may have slashes, an id has neither those nor, at Gemini, colons. */
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

/** The first two segments: few routes share them. */
const familyOf = (path: string): string => path.split('/', 3).join('/').replace(/\*$/, '');

const byFamily = Map.groupBy(
  OTHER_ROUTES.map((route): Compiled => ({ route, pattern: patternOf(route.path), names: namesIn(route.path) })),
  ({ route }) => familyOf(route.path),
);

/** A path that ends in `*` stands for itself and all below it, one that ends in `/*` for what is below it alone. */
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
 * Returns the route of a request. Where two APIs have one path, it is the route of the API whose client sent the request; a client of another API is
 * not answered by a route that is not its own.
 *
 * @param path in its canonical form
 * @param api whose client it is by its headers; undefined where they do not tell
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

/** Clients of OpenAI's API send no header that tells; Gemini's paths are its own. */
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
  // an encoded slash is for models alone
  if (ids.some((id) => id.includes('/'))) return undefined;
  return { route, model: model === -1 ? undefined : values[model], ids };
}

/** Returns the methods of the routes that have a path, whoever's they are. */
export function methodsOf(path: string): Method[] {
  const found = (byFamily.get(familyOf(path)) ?? []).filter(({ pattern }) => pattern.test(path));
  return [...new Set(found.map(({ route }) => route.method))];
}

/** Returns what a client can do in place of a route of a vendor that is not served. */
export function refusedRoute(path: string, api: Api | undefined): { readonly api: Api; readonly instead: string } | undefined {
  const found = (refusedByFamily.get(familyOf(path)) ?? []).filter(({ pattern }) => pattern.test(path));
  return found.find((one) => one.api === api) ?? found[0];
}
