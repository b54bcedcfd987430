import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { AdminError } from './admin-error.ts';

/**
 * Suffixes of names that cannot be registered in the public DNS (RFC 6761, RFC 6762, ICANN's `internal`, Kubernetes' services).
 */
const PRIVATE_SUFFIXES = ['.localhost', '.local', '.internal', '.svc'];

/**
 * Returns whether a `Host` cannot be a web page's name that was rebound to this address: an IP address, a single-label name, a
 * private name, or a configured name. DNS rebinding needs a name that the attacker has registered.
 *
 * @param host with or without a port
 */
export function isAllowedHost(host: string, configured: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  if (plain === undefined) return false;
  if (isIP(plain) === 4) return true;
  const name = plain.toLowerCase().replace(/\.$/, '');
  if (!/^[a-z0-9._-]+$/.test(name)) return false;
  // a number that is no dotted IPv4 address may still resolve to one
  if (!name.includes('.')) return /[a-z]/.test(name);
  return PRIVATE_SUFFIXES.some((suffix) => name.endsWith(suffix)) || configured.includes(name);
}

/**
 * Refuses requests with a possibly rebound `Host`, and requests that two servers could parse differently.
 *
 * @param configured returns further allowed names (`network.adminHosts`), which a configuration reload may change
 * @throws AdminError 421 `host_not_allowed` (RFC 9110, section 15.5.20), 400 for several `Host` headers or a target that is not
 * a path
 */
export function hostGuard(configured: () => readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const { rawHeaders, headers } = request;
    const hosts = rawHeaders.filter((name, n) => n % 2 === 0 && name.toLowerCase() === 'host').length;
    if (hosts > 1) throw new AdminError(400, 'invalid_request', 'The request has several Host headers.');
    if (!request.originalUrl.startsWith('/')) throw new AdminError(400, 'invalid_request', 'The request target must be a path.');
    const { host } = headers;
    if (host !== undefined && !isAllowedHost(host, configured())) {
      throw new AdminError(
        421,
        'host_not_allowed',
        'The control plane does not accept this Host. Use its IP address, or add the name to network.adminHosts.',
      );
    }
    next();
  };
}
