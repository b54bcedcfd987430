import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Responds to each request with one letter. */
const SERVER = `
  require('node:http').createServer((request, response) => response.end('x'))
    .listen(0, '127.0.0.1', function () { process.send(this.address().port); });
`;
/** Pings per second. */
const RATE = 50;

/**
 * The response time of an idle process on the same machine at the same time. A longer time of a gateway is caused by the
 * gateway.
 */
export interface Ping {
  /** The slowest response between two times of `performance.now()`, in ms. */
  slowest(fromMs: number, toMs?: number): number;
  stop(): Promise<void>;
}

/** Pings a plain HTTP server in a separate process until it is stopped. */
export async function startPing(): Promise<Ping> {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(server, 'message')) as [number];
  const answers: { readonly atMs: number; readonly tookMs: number }[] = [];
  let running = true;
  const pinging = (async () => {
    while (running) {
      const atMs = performance.now();
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      answers.push({ atMs, tookMs: performance.now() - atMs });
      await sleep(1_000 / RATE);
    }
  })();
  return {
    slowest: (fromMs, toMs = performance.now()) =>
      Math.max(0, ...answers.filter(({ atMs, tookMs }) => atMs + tookMs >= fromMs && atMs <= toMs).map(({ tookMs }) => tookMs)),
    async stop() {
      running = false;
      await pinging;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}
