import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { errors } from 'undici';
import type { ClientTls } from '../connections/client-tls.ts';
import type { ForwardProxy } from '../connections/forward-proxy.ts';
import { isExcepted } from './no-proxy.ts';

export interface SocketOptions {
  readonly connectTimeoutMs: number;
  readonly tls?: ClientTls | undefined;
  readonly proxy?: ForwardProxy | undefined;
  readonly signal: AbortSignal;
}

/**
 * Opens a connection to an origin with the provider's TLS settings, and through its forward proxy.
 *
 * @throws Error in the form of undici's connection errors
 */
export async function openSocket(origin: URL, options: SocketOptions): Promise<Socket> {
  const { proxy, tls, connectTimeoutMs, signal } = options;
  const secure = origin.protocol === 'https:';
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const port = Number(origin.port) || (secure ? 443 : 80);
  const timeout = AbortSignal.timeout(connectTimeoutMs);
  const either = AbortSignal.any([signal, timeout]);
  const direct = proxy === undefined || isExcepted(proxy.except, host, port);
  try {
    const socket = direct
      ? await connected(netConnect({ host, port }), 'connect', either)
      : await tunnel(new URL(proxy.url), `${origin.hostname}:${port}`, either);
    if (!secure) return socket;
    const named = isIP(host) === 0 ? { servername: host } : {};
    const secured = tlsConnect({ ...named, ...tls, socket, ALPNProtocols: ['http/1.1'] });
    // a connection through a forward proxy does not close with the TLS socket
    secured.once('close', () => socket.destroy());
    return await connected(secured, 'secureConnect', either);
  } catch (error) {
    throw timeout.aborted && !signal.aborted ? new errors.ConnectTimeoutError() : error;
  }
}

function connected<Kind extends Socket>(socket: Kind, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Kind> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal.reason as Error);
    socket.once('error', fail);
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Requests a tunnel from a forward proxy (RFC 9110, section 9.3.6). */
function tunnel(proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> {
  const { username, password } = proxy;
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers = { host: authority, ...(username === '' ? {} : { 'proxy-authorization': `Basic ${pair}` }) };
  const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...{ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80) },
    ...{ method: 'CONNECT', path: authority, headers, agent: false, signal },
  });
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => reject(refusedTunnel(response.statusCode)));
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(refusedTunnel(response.statusCode));
      }
    });
    request.end();
  });
}

const refusedTunnel = (status = 0): Error => new Error(`the forward proxy refused a tunnel (status ${status})`);
