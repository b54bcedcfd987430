import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface RecordedCall {
  readonly route: string;
  readonly status: number;
}

/**
 * A proxy in front of the gateway that records each call. It is also the agents' proxy for all other hosts: it records and
 * drops those requests.
 */
export class Recorder {
  readonly #target: string;
  readonly #server = createServer((incoming, response) => this.#pass(incoming, response));
  readonly #sockets = new Set<Socket>();
  #calls: RecordedCall[] = [];
  #elsewhere = new Set<string>();

  constructor(target: string) {
    this.#target = target;
    this.#server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
      // some agents use the proxy even for this machine
      if (incoming.url === this.#host()) {
        this.#tunnel(socket);
        return;
      }
      this.#elsewhere.add(incoming.url ?? '?');
      // a client may break off a dropped request
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    return `http://${this.#host()}`;
  }

  /** Returns everything recorded since the last call. */
  take(): { readonly calls: readonly RecordedCall[]; readonly elsewhere: readonly string[] } {
    const taken = { calls: this.#calls, elsewhere: [...this.#elsewhere] };
    this.#calls = [];
    this.#elsewhere = new Set();
    return taken;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #tunnel(socket: Socket): void {
    const self = connect((this.#server.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(self).pipe(socket);
    });
    self.on('error', () => socket.destroy());
    socket.on('error', () => self.destroy());
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', headers } = incoming;
    const own = `http://${this.#host()}`;
    const url = incoming.url?.startsWith(`${own}/`) === true ? incoming.url.slice(own.length) : (incoming.url ?? '/');
    if (!url.startsWith('/')) {
      this.#elsewhere.add(new URL(url).host);
      response.writeHead(403).end();
      return;
    }
    const outgoing = request(`${this.#target}${url}`, { method, headers }, (answer) => {
      this.#calls.push({ route: `${method} ${url.split('?')[0]}`, status: answer.statusCode ?? 0 });
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }
}
