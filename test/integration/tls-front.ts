import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeCertificate } from '../support/certificates.ts';

/** A TLS listener in front of a plain listener, like an ingress. */
export interface TlsFront {
  readonly url: string;
  /** The authority of its certificate, in PEM form. */
  readonly ca: string;
  close(): Promise<void>;
}

export async function startTlsFront(plainUrl: string): Promise<TlsFront> {
  const authority = makeCertificate('The authority of the front');
  const { cert, key } = makeCertificate('The front', authority.signer);
  const { hostname, port } = new URL(plainUrl);
  const open = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (client) => {
    open.add(client);
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    client.on('close', () => open.delete(client));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.cert,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of open) client.destroy();
      }),
  };
}
