import type { GatewayConfig } from '@sluice/config';
import express, { type Router } from 'express';
import type { ConfigSource } from '../lifecycle/config-reloads.ts';
import { permitForAll } from './permissions.ts';

/** Fields that are secrets in any object, and objects with secret values. */
const SECRET = /^(secret|apiKey|accessKeyId|secretAccessKey|sessionToken|passphrase)$/;
const OF_SECRETS = /^headers$/;
const MASK = '***';

/** Returns a configuration with masked secrets, including passwords in URLs. */
export function masked(value: unknown, field = '', within = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => masked(one, field, within));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one, name, field)]));
  }
  if (typeof value !== 'string') return value;
  if (SECRET.test(field) || OF_SECRETS.test(within)) return MASK;
  return value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${MASK}@`)
    .replace(/([?&][^=&]*(?:key|token|secret|sig)[^=&]*=)[^&]*/gi, `$1${MASK}`);
}

export interface ConfigurationRoutesOptions {
  readonly config: () => GatewayConfig;
  readonly source: () => ConfigSource;
  /** Returns the names of all providers, including those that exist only because of a key in the environment. */
  readonly providers: () => readonly string[];
}

/**
 * Route that shows the configuration in use and its file: every field with its value, durations in milliseconds, secrets
 * masked.
 */
export function configurationRoutes({ config, source, providers }: ConfigurationRoutesOptions): Router {
  const router = express.Router();
  router.get('/', (request, response) => {
    permitForAll(request, 'config');
    const written = config();
    const all = Object.fromEntries(providers().map((name) => [name, written.providers[name] ?? {}]));
    response.json({ ...source(), config: masked({ ...written, providers: all }) });
  });
  return router;
}
