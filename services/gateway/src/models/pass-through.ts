import type { GatewayConfig } from '@sluice/config';
import { type DialectName, LlmError, type PassthroughRequest } from '@sluice/core';
import type { OtherRoute, Provider } from '@sluice/providers';

type Providers = ReadonlyMap<string, Pick<Provider, 'routes' | 'dialects' | 'type'>>;
type Defaults = GatewayConfig['passThrough'];
type Api = keyof Defaults;

/** The dialects of each API's routes, and the catalog entry of the API's vendor. */
const APIS: Readonly<Record<Api, { readonly dialects: readonly DialectName[]; readonly vendor: string | undefined }>> = {
  openai: { dialects: ['openai-chat', 'openai-responses'], vendor: 'openai' },
  anthropic: { dialects: ['anthropic-messages'], vendor: 'anthropic' },
  gemini: { dialects: ['gemini'], vendor: 'google' },
  rerank: { dialects: [], vendor: undefined },
};

const apiOf = ({ dialects = [] }: PassthroughRequest): Api =>
  (Object.keys(APIS) as Api[]).find((api) => APIS[api].dialects.some((dialect) => dialects.includes(dialect))) ?? 'rerank';

/**
 * Returns whether a provider supports the routes of an API. A provider without dialects has only pass-through routes, such as
 * rerank.
 */
const speaks = ({ dialects }: Pick<Provider, 'dialects'>, api: Api): boolean =>
  dialects.length === 0 || api === 'rerank' || APIS[api].dialects.some((dialect) => dialects.includes(dialect));

/**
 * Returns the provider for a request without a model name, so that a request from one vendor's client does not reach another
 * vendor. The order is: the provider named in the request, the configured provider of the API, the vendor itself, the first
 * provider with the route. Each must support the API's dialect.
 *
 * @throws LlmError `not_found` with the missing configuration
 */
export function passThroughProvider(providers: Providers, defaults: Defaults, request: PassthroughRequest): string | undefined {
  const { route, provider: requested } = request;
  const api = apiOf(request);
  const able = [...providers].filter(([, one]) => hasRoute(one, route) && speaks(one, api));
  const named = requested ?? defaults[api];
  if (named !== undefined) {
    if (able.some(([name]) => name === named)) return named;
    throw refused(`The provider '${named}' does not serve ${labelOf(request, api)}.`, api, route);
  }
  const [found] = able.find(([, { type }]) => type !== undefined && type === APIS[api].vendor) ?? able[0] ?? [];
  if (found === undefined) throw refused(`No configured provider serves ${labelOf(request, api)}.`, api, route);
  return found;
}

/**
 * Returns whether a provider has a route. Stored responses are read from the provider that created them: every provider that
 * supports the Responses API has that route.
 */
const hasRoute = ({ routes, dialects }: Pick<Provider, 'routes' | 'dialects'>, route: string): boolean =>
  route === 'responses' ? dialects.includes('openai-responses') : routes.includes(route as OtherRoute);

const labelOf = ({ method, path }: PassthroughRequest, api: Api): string =>
  `${method} ${api === 'gemini' ? '/v1beta' : '/v1'}${path.split('?', 1)[0]}`;

function refused(what: string, api: Api, route: string): LlmError {
  const { dialects } = APIS[api];
  const withDialect = dialects.length === 0 ? '' : ` with the dialect ${dialects.join(' or ')}`;
  return new LlmError('not_found', `${what} A provider${withDialect} is needed, with '${route}' under its routes.`);
}

/** @throws Error that names the invalid field */
export function checkPassThrough(providers: Providers, defaults: Defaults): void {
  for (const [api, name] of Object.entries(defaults) as [Api, string | undefined][]) {
    if (name === undefined) continue;
    const provider = providers.get(name);
    if (provider === undefined) throw new Error(`passThrough.${api}: there is no provider '${name}' under providers`);
    if (!speaks(provider, api)) {
      throw new Error(`passThrough.${api}: the provider '${name}' supports none of ${APIS[api].dialects.join(', ')}`);
    }
  }
}
