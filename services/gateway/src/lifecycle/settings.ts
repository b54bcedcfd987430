import { existsSync } from 'node:fs';
import {
  ConfigError,
  checkConfig,
  DEMO_ADMIN_KEY,
  demoConfig,
  type Environment,
  type GatewayConfig,
  parseConfig,
  readConfigFile,
} from '@sluice/config';
import { defined } from '@sluice/core';
import { providersByKey } from '@sluice/providers';
import type { HostPort, RedisTarget } from '@sluice/store/redis';
import { refusePublishedSecrets, type SecretsInUse } from '../identity/published-secrets.ts';
import { hashOfConfig } from './config-watch.ts';

/** Settings of a gateway at startup. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly adminKey: string | undefined;
  readonly logLevel: string;
  readonly config: GatewayConfig;
  /** File of the configuration; undefined for a built-in configuration. */
  readonly configFile: string | undefined;
  /** Hash of that file's text. */
  readonly configHash?: string | undefined;
  readonly demo: boolean;
  /** Address of Redis. Without it, all state is kept in this process. */
  readonly redis: { readonly state: RedisTarget; readonly cache?: RedisTarget } | undefined;
  readonly environment: Environment;
}

const DEFAULT_FILE = 'sluice.yaml';

/**
 * Reads the settings from the environment and the configuration file. @throws ConfigError that names the invalid variable, or
 * the file and field
 */
export function readSettings(environment: Environment): Settings {
  const given = environment['SLUICE_CONFIG'];
  const file = given ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const hasProviderKey = providersByKey(environment).length > 0;
  const demo = file === undefined && !hasProviderKey;
  const text = file === undefined ? undefined : readConfigFile(file);
  const config =
    file === undefined || text === undefined
      ? checkConfig(demo ? demoConfig : {}, 'built-in')
      : parseConfig(text, file, environment);
  const adminKey = environment['SLUICE_ADMIN_KEY'] ?? (demo ? DEMO_ADMIN_KEY : undefined);
  if (adminKey === '') throw new ConfigError('SLUICE_ADMIN_KEY: is empty; give it a value, or unset it to disable the admin API');
  const host = environment['HOST'] ?? '127.0.0.1';
  const hasNoKey = [config.keys, config.jwt, config.admins].every((those) => those.length === 0) && adminKey === undefined;
  if (hasNoKey) {
    throw new ConfigError(
      'No API key is configured and SLUICE_ADMIN_KEY is not set, so no client could call this gateway. Set one of them.',
    );
  }
  const redis = redisOf(environment);
  const settings: Settings = {
    host,
    port: portOf(environment, 'PORT', 8080),
    adminPort: portOf(environment, 'ADMIN_PORT', 8081),
    adminKey,
    logLevel: environment['LOG_LEVEL'] ?? 'info',
    config,
    configFile: file,
    configHash: text === undefined ? undefined : hashOfConfig(text),
    demo,
    redis,
    environment,
  };
  checkPublishedSecrets(settings);
  return settings;
}

/**
 * Refuses public secrets if other machines can reach the gateway. Applies at startup and to each changed configuration.
 *
 * @throws ConfigError
 */
export function checkPublishedSecrets({ config, configFile, adminKey, demo, host, environment }: Settings): void {
  const { REDIS_URL: url, REDIS_CACHE_URL: cacheUrl, REDIS_PASSWORD: password = '' } = environment;
  const passwords = [url, cacheUrl].map((one) => (one !== undefined && URL.canParse(one) ? new URL(one).password : ''));
  const redisPasswords = [...passwords.map(decodeURIComponent), password];
  refusePublishedSecrets({ config, configFile, adminKey, demo, redisPasswords, ...addressOf(environment, host) });
}

/** Returns the address at which clients reach the gateway. For a container this is the address of its published port. */
function addressOf(environment: Environment, host: string): Pick<SecretsInUse, 'address' | 'variable'> {
  const published = environment['SLUICE_BIND'];
  return published === undefined || published === ''
    ? { address: host, variable: 'HOST' }
    : { address: published, variable: 'SLUICE_BIND' };
}

function portOf(environment: Environment, variable: string, otherwise: number): number {
  const text = environment[variable];
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ConfigError(`${variable}: expected a port from 0 to 65535`);
  return port;
}

function redisOf(environment: Environment): Settings['redis'] {
  const { REDIS_URL: url, REDIS_CACHE_URL: cacheUrl, REDIS_CLUSTER: cluster, REDIS_SENTINEL: sentinel } = environment;
  const given = Object.entries({ REDIS_URL: url, REDIS_CLUSTER: cluster, REDIS_SENTINEL: sentinel }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1) throw new ConfigError(`${given.map(([name]) => name).join(' and ')}: give only one of them`);
  if (cacheUrl !== undefined && given.length === 0)
    throw new ConfigError('REDIS_CACHE_URL: needs REDIS_URL, REDIS_CLUSTER or REDIS_SENTINEL beside it');
  const cache =
    cacheUrl === undefined || cacheUrl === url
      ? {}
      : { cache: { kind: 'single', url: urlOf('REDIS_CACHE_URL', cacheUrl) } as const };
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password } = environment;
  const signIn = defined({ username, password });
  if (url !== undefined) return { state: { kind: 'single', url: urlOf('REDIS_URL', url) }, ...cache };
  if (cluster !== undefined) return { state: { kind: 'cluster', nodes: hostsOf('REDIS_CLUSTER', cluster), ...signIn }, ...cache };
  if (sentinel !== undefined) {
    const name = environment['REDIS_SENTINEL_NAME'];
    if (name === undefined) throw new ConfigError('REDIS_SENTINEL_NAME: the name of the master is needed with REDIS_SENTINEL');
    return { state: { kind: 'sentinel', sentinels: hostsOf('REDIS_SENTINEL', sentinel), name, ...signIn }, ...cache };
  }
  return undefined;
}

function urlOf(variable: string, text: string): string {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) throw new ConfigError(`${variable}: expected redis://… or rediss://…`);
  return text;
}

function hostsOf(variable: string, text: string): HostPort[] {
  return text.split(',').map((part) => {
    const [, host, port] = /^\s*(.+):(\d{1,5})\s*$/.exec(part) ?? [];
    if (host === undefined) throw new ConfigError(`${variable}: expected host:port,host:port,…`);
    return { host, port: Number(port) };
  });
}
