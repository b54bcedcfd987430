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

export async function startFaultProxy(target: number, watching?: Watching): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let state: 'open' | 'cut' | 'hanging' = 'open';
  let lost = 0;
  let delayMs = 0;
  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: HOST, port: target, noDelay: true });
    client.setNoDelay(true);
    const pair = { client, upstream };
    pairs.add(pair);
    const watched = watching?.connection();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    const [onward, back] = [inOrder(), inOrder()];
    client.on('data', (chunk) => {
      watched?.sent(chunk);
      if (state !== 'hanging') onward(delayMs / 2, () => void upstream.write(chunk));
    });
    upstream.on('data', (chunk) => {
      watched?.answered();
      if (Math.random() < lost) {
        client.resetAndDestroy();
        return;
      }
      if (state !== 'hanging') back(delayMs / 2, () => void client.write(chunk));
    });
    client.on('close', () => {
      pairs.delete(pair);
      upstream.destroy();
    });
    upstream.on('close', () => {
      if (pairs.has(pair)) client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, () => resolve()));
  const { port } = server.address() as { port: number };
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut() {
      state = 'cut';
      breakAll();
    },
    cutOnce: breakAll,
    hang() {
      state = 'hanging';
    },
    delay(ms) {
      delayMs = ms;
    },
    loseAnswers(share) {
      lost = share;
    },
    halfOpen() {
      const open = [...pairs];
      pairs.clear();
      for (const { upstream } of open) upstream.destroy();
    },
    restore() {
      lost = 0;
      delayMs = 0;
      // delayed data is lost, as it is when a machine fails
      if (state === 'hanging') breakAll();
      state = 'open';
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      breakAll();
      return closed;
    },
  };
}
