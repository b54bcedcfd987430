/** A forward proxy, and the hosts that are reached without it. */
export interface ForwardProxy {
  readonly url: string;
  /** As `NO_PROXY` lists them; empty if all go through the proxy. */
  readonly except: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the proxy of an origin: the one that is configured, else the one of the environment by the origin's scheme (`HTTPS_PROXY` or `HTTP_PROXY`, in
 * lower case too, as curl reads them), with `NO_PROXY`.
 *
 * @param configured a proxy's URL for all requests, or `none` for no proxy whatever the environment has
 * @throws Error if the environment has no URL of http or https there
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
  // curl takes a proxy without a scheme for one of http
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`${variable}: expected a URL such as http://proxy.example:3128`);
  }
  return { url, except: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '' };
}
