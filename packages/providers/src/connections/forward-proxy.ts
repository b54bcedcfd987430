/** A forward proxy, and the hosts that are connected directly. */
export interface ForwardProxy {
  readonly url: string;
  /** In the form of `NO_PROXY`; empty if all connections use the proxy. */
  readonly except: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the forward proxy of an origin: the configured one, else the one in the environment for the origin's scheme
 * (`HTTPS_PROXY` or `HTTP_PROXY`, also in lower case, as for curl), with `NO_PROXY`.
 *
 * @param configured URL of a proxy for all requests, or `none` for no proxy, regardless of the environment
 * @throws Error if the variable contains no HTTP or HTTPS URL
 */
export function forwardProxyOf(
  origin: string,
  configured: string | undefined,
  environment: Environment,
): ForwardProxy | undefined {
  if (configured === 'none') return undefined;
  if (configured !== undefined) return { url: configured, except: '' };
  const variable = origin.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const given = environment[variable.toLowerCase()] ?? environment[variable];
  if (given === undefined || given === '') return undefined;
  // like curl, treats a proxy without a scheme as HTTP
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`${variable}: expected a URL such as http://proxy.example:3128`);
  }
  return { url, except: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '' };
}
