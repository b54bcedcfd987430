import { isIP } from 'node:net';
import { ConfigError, type GatewayConfig, inNetworks, PUBLISHED_SECRETS } from '@sluice/config';

const loopback = inNetworks(['127.0.0.0/8', '::1']);

/**
 * Returns whether a listen address is reachable from this machine only. A name other than `localhost` may resolve to any
 * address.
 */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(plain) === 0 ? plain.toLowerCase() === 'localhost' : loopback(plain);
}

/** All secrets with which clients reach the gateway or the gateway reaches Redis. */
export interface SecretsInUse {
  readonly config: GatewayConfig;
  readonly configFile: string | undefined;
  readonly adminKey: string | undefined;
  readonly demo: boolean;
  /** Passwords of Redis, from addresses that contain one. */
  readonly redisPasswords: readonly string[];
  /** The address at which clients reach the gateway, and the variable that sets it. */
  readonly address: string;
  readonly variable: 'HOST' | 'SLUICE_BIND';
}

/**
 * Refuses secrets that the documentation prints if the address is reachable from other machines.
 *
 * @throws ConfigError that names the variable or field to set
 */
export function refusePublishedSecrets({
  config,
  configFile,
  adminKey,
  demo,
  redisPasswords,
  address,
  variable,
}: SecretsInUse): void {
  if (isLoopback(address)) return;
  const where = `${variable}: is not a loopback address`;
  if (demo) {
    throw new ConfigError(
      `${where}, and the keys of the demonstration are public. Write a sluice.yaml or set a provider's key, and set SLUICE_ADMIN_KEY; or leave ${variable} unset.`,
    );
  }
  if (adminKey !== undefined && PUBLISHED_SECRETS.has(adminKey)) {
    throw new ConfigError(`${where}, and SLUICE_ADMIN_KEY is the public key of the demonstration. Set another one.`);
  }
  if (redisPasswords.some((password) => PUBLISHED_SECRETS.has(password))) {
    throw new ConfigError(`${where}, and Redis has the public password of the demonstration. Set another REDIS_PASSWORD.`);
  }
  for (const list of ['keys', 'admins'] as const) {
    const n = config[list].findIndex(({ secret }) => PUBLISHED_SECRETS.has(secret));
    if (n !== -1) {
      const field = `${configFile ?? 'built-in'}: ${list}[${n}].secret`;
      throw new ConfigError(`${field}: is a public key of the demonstration, and ${where}. Give it another secret.`);
    }
  }
}
