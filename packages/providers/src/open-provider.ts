import { type DialectName, defined, type LlmService, type RealtimeApi } from '@sluice/core';
import { DIALECTS, type EmbeddingsDialectName, embeddingsBeside } from '@sluice/dialects';
import { CATALOG } from './catalog/catalog.ts';
import type { CatalogEntry, OtherRoute } from './catalog/catalog-entry.ts';
import { readClientTls, type TlsFiles } from './connections/client-tls.ts';
import { forwardProxyOf } from './connections/forward-proxy.ts';
import { awsSignature } from './credentials/aws-signature.ts';
import type { Credentials } from './credentials/credentials.ts';
import { fixedHeaders } from './credentials/fixed-headers.ts';
import { googleToken, readServiceAccount, type ServiceAccount } from './credentials/google-token.ts';
import { ENDPOINTS } from './endpoints/registry.ts';
import type { ModelOptions } from './upstream/upstream-options.ts';
import { Upstream } from './upstream.ts';

/** The configuration of a provider. */
export interface ProviderSettings {
  /** Its entry in the catalog, if it differs from the provider's name. */
  readonly type?: string | undefined;
  readonly dialect?: DialectName | undefined;
  /** Dialects of a provider with several, the one with the most features first. */
  readonly dialects?: readonly DialectName[] | undefined;
  readonly embeddings?: EmbeddingsDialectName | undefined;
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly apiVersion?: string | undefined;
  /** Settings of a catalog's address. */
  readonly region?: string | undefined;
  readonly project?: string | undefined;
  readonly location?: string | undefined;
  readonly resource?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** Path of a Google service account file. */
  readonly credentialsFile?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A forward proxy's URL, or `none`; the environment's (`HTTPS_PROXY`, `NO_PROXY`) if not given. */
  readonly proxy?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly routes?: readonly OtherRoute[] | undefined;
  /** The name of the provider in the public price table. */
  readonly prices?: string | undefined;
  readonly connectTimeout?: number | undefined;
  readonly idleTimeout?: number | undefined;
  /** Maximum size of an event, in bytes. A longer one ends its stream. */
  readonly maxEvent?: number | undefined;
  readonly onDisconnect?: 'abort' | 'drain' | undefined;
}

/** A provider that can be called. */
export interface Provider {
  service(model: string, options?: ModelOptions): LlmService;
  /** Requests a path below the base address. Rejects after the deadline, or on a server error (5xx). */
  check(path: string, timeoutMs: number): Promise<void>;
  /** Further routes that it has. */
  readonly routes: readonly OtherRoute[];
  /** The realtime API that it has; undefined if it has none. */
  readonly realtime: RealtimeApi | undefined;
  /** Its dialects. */
  readonly dialects: readonly DialectName[];
  /** Its entry in the catalog; undefined if it has none. */
  readonly type: string | undefined;
  /** Its name in the table of public prices. */
  readonly prices: string | undefined;
  close(): Promise<void>;
  destroy(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An unknown server: only its address is known. */
const UNKNOWN: CatalogEntry = {
  dialects: ['openai-chat'],
  authentication: { kind: 'key' },
  keyVariables: [],
  byKeyAlone: false,
};

/** Returns the providers of the catalog that the environment makes available. */
export function providersByKey(environment: Environment): string[] {
  return Object.entries(CATALOG).flatMap(([name, { byKeyAlone, keyVariables }]) =>
    byKeyAlone && keyVariables.some((variable) => environment[variable] !== undefined) ? [name] : [],
  );
}

/**
 * Opens a provider.
 *
 * @throws Error that names the invalid field
 */
export function openProvider(name: string, settings: ProviderSettings, environment: Environment): Provider {
  const type = settings.type ?? name;
  const known = Object.hasOwn(CATALOG, type) ? CATALOG[type] : undefined;
  if (settings.type !== undefined && known === undefined) {
    throw new Error(`providers.${name}.type: expected one of ${Object.keys(CATALOG).join(', ')}`);
  }
  const entry = known ?? UNKNOWN;
  const baseUrl = settings.baseUrl ?? (entry.baseUrl === undefined ? undefined : addressOf(name, entry, settings, environment));
  if (baseUrl === undefined) throw new Error(`providers.${name}.baseUrl: expected, because no provider is known by this name`);
  const { dialect } = settings;
  const dialects = settings.dialects ?? (dialect === undefined ? entry.dialects : [dialect]);
  const [first] = dialects;
  const embeddings = settings.embeddings ?? entry.embeddings ?? (first === undefined ? undefined : embeddingsBeside(first));
  const { apiVersion, headers = {}, connectTimeout, idleTimeout, maxEvent, onDisconnect, proxy, tls } = settings;
  const credentials = credentialsOf(name, entry, first, settings, environment);
  const routes = settings.routes ?? entry.routes ?? [];
  // an unknown server may have sessions: it refuses the handshake if not
  const mayHaveSessions = routes.includes('realtime') || (known === undefined && settings.routes === undefined);
  const upstream = new Upstream({
    provider: name,
    kind: type,
    dialects,
    embeddings,
    baseUrl,
    embeddingsUrl: settings.baseUrl === undefined ? entry.embeddingsUrl : undefined,
    credentials,
    tls: tls && readClientTls(`providers.${name}.tls`, tls),
    proxyOf: (origin) => forwardProxyOf(origin, proxy, environment),
    headers: [...Object.entries(headers).flat(), ...basicOf(name, baseUrl, credentials)],
    endpoint: ENDPOINTS[entry.endpoint ?? 'plain'],
    apiVersion,
    quirks: entry.quirks,
    connectTimeoutMs: connectTimeout,
    idleTimeoutMs: idleTimeout,
    maxEventBytes: maxEvent,
    onDisconnect,
  });
  return {
    service: (model, options) => upstream.model(model, options),
    check: (path, timeoutMs) => upstream.check(path, timeoutMs),
    routes,
    realtime: mayHaveSessions ? sessionsOf(dialects) : undefined,
    dialects,
    type: known === undefined ? undefined : type,
    // the prices of another server at this address are unknown
    prices: settings.prices ?? (settings.baseUrl === undefined ? entry.prices : undefined),
    close: () => upstream.close(),
    destroy: () => upstream.destroy(),
  };
}

/** Returns the realtime API that a provider of these dialects can have. */
function sessionsOf(dialects: readonly DialectName[]): RealtimeApi | undefined {
  if (dialects.includes('gemini')) return 'gemini';
  return dialects.includes('openai-chat') || dialects.includes('openai-responses') ? 'openai' : undefined;
}

/** Returns a catalog address with its placeholders replaced by settings. */
function addressOf(name: string, entry: CatalogEntry, settings: ProviderSettings, environment: Environment): string {
  const address = (entry.baseUrl as string).replace(/\{(\w+)\}/g, (_, setting: string) =>
    encodeURIComponent(settingOf(name, setting, entry, settings, environment)),
  );
  // the host of Google's global location has no location name
  return address.replace('//global-aiplatform.', '//aiplatform.');
}

function settingOf(
  name: string,
  setting: string,
  entry: CatalogEntry,
  settings: ProviderSettings,
  environment: Environment,
): string {
  const given = (settings as Readonly<Record<string, unknown>>)[setting];
  if (typeof given === 'string') return given;
  const variables = entry.settings?.[setting] ?? [];
  const found = variables.map((variable) => environment[variable]).find((value) => value !== undefined && value !== '');
  if (found !== undefined) return found;
  throw new Error(`providers.${name}.${setting}: expected, or ${variables.join(' or ')} in the environment`);
}

function credentialsOf(
  name: string,
  entry: CatalogEntry,
  dialect: DialectName | undefined,
  settings: ProviderSettings,
  environment: Environment,
): Credentials {
  const apiKey =
    settings.apiKey ?? entry.keyVariables.map((variable) => environment[variable]).find((value) => value !== undefined);
  const own = DIALECTS[dialect ?? 'openai-chat'];
  const { authentication } = entry;
  switch (authentication.kind) {
    case 'key':
      return fixedHeaders(apiKey === undefined ? [] : own.credentials(apiKey));
    case 'header':
      return fixedHeaders(apiKey === undefined ? [] : [authentication.name, apiKey]);
    case 'google':
      if (apiKey !== undefined) return fixedHeaders(['x-goog-api-key', apiKey]);
      return googleToken({ provider: name, ...accountOf(name, settings.credentialsFile) });
    case 'aws': {
      if (apiKey !== undefined) return fixedHeaders(['authorization', `Bearer ${apiKey}`]);
      const { accessKeyId, secretAccessKey, sessionToken } = settings;
      const identity =
        accessKeyId === undefined || secretAccessKey === undefined
          ? {}
          : { identity: { accessKeyId, secretAccessKey, ...defined({ sessionToken }) } };
      const region = settingOf(name, 'region', entry, settings, environment);
      return awsSignature({ provider: name, region, service: authentication.service, ...identity });
    }
  }
}

/**
 * Returns the header of the user and password in an address (RFC 7617).
 *
 * @throws Error if a key is to be sent in the same header
 */
function basicOf(name: string, baseUrl: string, credentials: Credentials): string[] {
  const { username, password, origin } = new URL(baseUrl);
  if (username === '' && password === '') return [];
  const shown = credentials.headers({ method: 'GET', origin, path: '/', body: Buffer.alloc(0) });
  // a failure to get a token does not matter here
  if (shown instanceof Promise) shown.catch(() => {});
  if (shown instanceof Promise || shown.includes('authorization')) {
    throw new Error(`providers.${name}.baseUrl: has a user and password beside other credentials; give only one of them`);
  }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ['authorization', `Basic ${Buffer.from(pair).toString('base64')}`];
}

function accountOf(name: string, file: string | undefined): { account?: ServiceAccount } {
  if (file === undefined) return {};
  try {
    return { account: readServiceAccount(file) };
  } catch (error) {
    throw new Error(`providers.${name}.credentialsFile: ${(error as Error).message}`);
  }
}
