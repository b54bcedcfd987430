import { connect, createServer, type Socket } from 'node:net';

/** Callbacks of a test that observes the traffic. */
export interface Watching {
  /** Called for each client that connects. The result is called for each chunk in either direction. */
  connection(): { sent(chunk: Buffer): void; answered(): void };
}

/** A TCP proxy in front of a server that can break in the ways in which networks and servers do. */
export interface FaultProxy {
  readonly port: number;
  /** Breaks all connections and refuses new ones. */
  cut(): void;
  /** Breaks all connections once and accepts new ones. */
  cutOnce(): void;
  /** Accepts everything and sends nothing back, like a black hole or a server that hangs. */
  hang(): void;
  /** Delays all traffic in both directions by this time, in milliseconds. */
  delay(ms: number): void;
  /**
   * Breaks the connection instead of passing on a response, for this share of the responses. The server has executed the
   * command by then.
   */
  loseAnswers(share: number): void;
  /** Closes the server's ends without notifying the clients, like a firewall that drops its state. New connections work. */
  halfOpen(): void;
  restore(): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Returns a function that runs callbacks after a delay, in the order of the calls: a connection delays data and does not
 * reorder it.
 */
function inOrder(): (afterMs: number, what: () => void) => void {
  const waiting: { readonly atMs: number; readonly what: () => void }[] = [];
  const run = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const leftMs = next.atMs - performance.now();
      if (leftMs > 0) {
        setTimeout(run, leftMs);
        return;
      }
      waiting.shift();
      next.what();
    }
  };
  return (afterMs, what) => {
    if (afterMs === 0 && waiting.length === 0) {
      what();
      return;
    }
    waiting.push({ atMs: performance.now() + afterMs, what });
    if (waiting.length === 1) setTimeout(run, afterMs);
  };
}

/** The connections of a proxy, and what currently happens to them. */
class Connections {
  state: 'open' | 'cut' | 'hanging' = 'open';
  lostShare = 0;
  delayMs = 0;
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<{ client: Socket; upstream: Socket }>();

  /** Connects a client to the server, and passes data on in both directions. */
  add(client: Socket, upstream: Socket, watched: ReturnType<Watching['connection']> | undefined): void {
    const pair = { client, upstream };
    this.#pairs.add(pair);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // 'close' follows
      socket.on('close', () => this.#sockets.delete(socket));
    }
    const [onward, back] = [inOrder(), inOrder()];
    client.on('data', (chunk) => {
      watched?.sent(chunk);
      if (this.state !== 'hanging') onward(this.delayMs / 2, () => void upstream.write(chunk));
    });
    upstream.on('data', (chunk) => {
      watched?.answered();
      if (Math.random() < this.lostShare) client.resetAndDestroy();
      else if (this.state !== 'hanging') back(this.delayMs / 2, () => void client.write(chunk));
    });
    client.on('close', () => {
      this.#pairs.delete(pair);
      upstream.destroy();
    });
    upstream.on('close', () => {
      if (this.#pairs.has(pair)) client.destroy();
    });
  }

  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Closes the server's ends; the clients' ends stay open. */
  halfOpen(): void {
    const open = [...this.#pairs];
    this.#pairs.clear();
    for (const { upstream } of open) upstream.destroy();
  }
}

export async function startFaultProxy(target: number, watching?: Watching): Promise<FaultProxy> {
  const connections = new Connections();
  const server = createServer((client) => {
    if (connections.state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    client.setNoDelay(true);
    connections.add(client, connect({ host: HOST, port: target, noDelay: true }), watching?.connection());
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      connections.state = 'cut';
      connections.breakAll();
    },
    cutOnce: () => connections.breakAll(),
    hang() {
      connections.state = 'hanging';
    },
    delay(ms) {
      connections.delayMs = ms;
    },
    loseAnswers(share) {
      connections.lostShare = share;
    },
    halfOpen: () => connections.halfOpen(),
    restore() {
      connections.lostShare = 0;
      connections.delayMs = 0;
      // delayed data is lost, as it is when a machine fails
      if (connections.state === 'hanging') connections.breakAll();
      connections.state = 'open';
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.breakAll();
      return closed;
    },
  };
}
