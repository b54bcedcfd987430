import { defined } from '@sluice/core';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { ClientTls } from './client-tls.ts';
import type { ForwardProxy } from './forward-proxy.ts';

export interface DispatcherOptions {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly tls?: ClientTls | undefined;
  readonly proxy?: ForwardProxy | undefined;
}

/** Opens the persistent connections to one origin: directly, or through a forward proxy. */
export function openDispatcher(origin: string, options: DispatcherOptions): Dispatcher {
  const { connectTimeoutMs, idleTimeoutMs, tls, proxy } = options;
  const common = {
    connections: 512,
    pipelining: 1,
    // the target's own timeout limits the wait for an answer; these limit a connection that hangs
    connect: { timeout: connectTimeoutMs, ...tls },
    headersTimeout: 0,
    bodyTimeout: idleTimeoutMs,
    keepAliveTimeout: 30_000,
  };
  if (proxy === undefined) return new Pool(origin, common);
  return new EnvHttpProxyAgent({
    ...common,
    // both are set, because undici reads an undefined one from the environment
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    noProxy: proxy.except,
    connectTimeout: connectTimeoutMs,
    ...defined({ requestTls: tls }),
  });
}
