import { connect, createServer, type Socket } from 'node:net';

/** What one connection's client sent in one go: everything up to the server's next answer. One such burst is one round trip. */
export type Burst = readonly string[];

/** A way to Redis that can be watched, cut and held up. */
export interface WatchedProxy {
  readonly url: string;
  /** The round trips so far, a list for each connection, as `[COMMAND first-key, …]`. */
  trips(): readonly (readonly Burst[])[];
  /** Breaks all connections and takes no new ones. */
  cut(): void;
  /** Takes everything and answers nothing. */
  hang(): void;
  /** Of the answers, breaks the connection in place of so large a share: what they answer is done by then. */
  loseAnswers(share: number): void;
  restore(): void;
  close(): Promise<void>;
}

/** The commands in what a client of Redis sent: arrays of bulk strings (RESP2). Scripts are named with their first key. */
function commandsIn(bytes: Buffer): string[] {
  const commands: string[] = [];
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  while (at < bytes.length) {
    const parts: string[] = [];
    for (let left = Number(line().slice(1)); left > 0; left--) {
      const length = Number(line().slice(1));
      parts.push(bytes.toString('utf8', at, at + length));
      at += length + 2;
    }
    const [name = '', ...args] = parts;
    commands.push(`${name.toUpperCase()} ${/^eval/i.test(name) ? args[2] : (args[0] ?? '')}`);
  }
  return commands;
}

export async function startWatchedProxy(target: string): Promise<WatchedProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const watched: { bursts: Buffer[]; answered: boolean }[] = [];
  let state: 'open' | 'cut' | 'hanging' = 'open';
  let lost = 0;
  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true });
    client.setNoDelay(true);
    const record: (typeof watched)[number] = { bursts: [], answered: true };
    watched.push(record);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => {
      if (record.answered) record.bursts.push(chunk);
      else record.bursts.push(Buffer.concat([record.bursts.pop() ?? Buffer.alloc(0), chunk]));
      record.answered = false;
      if (state !== 'hanging') upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      record.answered = true;
      if (Math.random() < lost) {
        client.resetAndDestroy();
        return;
      }
      if (state !== 'hanging') client.write(chunk);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port: listening } = server.address() as { port: number };
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `redis://127.0.0.1:${listening}`,
    trips: () => watched.map(({ bursts }) => bursts.map(commandsIn)),
    cut() {
      state = 'cut';
      breakAll();
    },
    hang() {
      state = 'hanging';
    },
    loseAnswers(share) {
      lost = share;
    },
    restore() {
      lost = 0;
      // what was held up is lost, as it is when a machine is
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
