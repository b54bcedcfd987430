import { describe, expect, it } from '@jest/globals';
import { forwardProxyOf } from './forward-proxy.ts';

const HTTPS = 'https://api.example';
const HTTP = 'http://vllm:8000';

describe('forwardProxyOf', () => {
  it.each([
    ['no proxy in an empty environment', HTTPS, undefined, {}, undefined],
    ['the variable of the scheme', HTTPS, undefined, { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' }, 'http://p:1'],
    ['no variable of another scheme', HTTPS, undefined, { HTTP_PROXY: 'http://q:2' }, undefined],
    ['the variable of plain http', HTTP, undefined, { HTTPS_PROXY: 'http://p:1', http_proxy: 'http://q:2' }, 'http://q:2'],
    ['lower case before capitals', HTTPS, undefined, { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://r:3' }, 'http://r:3'],
    ['a host without a scheme as http', HTTPS, undefined, { HTTPS_PROXY: 'p:3128' }, 'http://p:3128'],
    ['no proxy for an empty variable', HTTPS, undefined, { HTTPS_PROXY: '' }, undefined],
    ['the configured one before the environment', HTTPS, 'http://mine:1', { HTTPS_PROXY: 'http://p:1' }, 'http://mine:1'],
    ['no proxy if the configuration disables it', HTTPS, 'none', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ])('selects the forward proxy: %s', (_what, origin, configured, environment, url) => {
    expect(forwardProxyOf(origin, configured, environment)?.url).toBe(url);
  });

  it('applies NO_PROXY only to proxies of the environment', () => {
    const environment = { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'localhost,.internal' };
    expect(forwardProxyOf(HTTPS, undefined, environment)?.except).toBe('localhost,.internal');
    expect(forwardProxyOf(HTTPS, 'http://mine:1', environment)?.except).toBe('');
  });

  it('refuses a variable without an HTTP URL', () => {
    expect(() => forwardProxyOf(HTTPS, undefined, { HTTPS_PROXY: 'socks5://p:1' })).toThrow('HTTPS_PROXY: expected a URL');
  });
});
