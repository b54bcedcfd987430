import type { Server } from 'node:http';
import type { ReadinessProbe } from '../health/readiness.ts';

export interface GracefulShutdownOptions {
  readonly data: Server;
  readonly admin: Server;
  readonly readiness: Pick<ReadinessProbe, 'close'>;
  /** Aborts the calls in flight, each with an error that gives the reason. */
  readonly abortInFlight: () => void;
  /** Time that the aborted calls have to send that error. */
  readonly abortMs: number;
}

/** Interval at which idle connections are closed. */
const IDLE_CHECK_MS = 50;

/** Shuts the gateway down without losing a call that could still be answered. */
export class GracefulShutdown {
  readonly #options: GracefulShutdownOptions;
  #hurry: () => void = () => {};
  #hurried: Promise<void>;

  constructor(options: GracefulShutdownOptions) {
    this.#options = options;
    this.#hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
  }

  /** Skips all remaining waiting time. */
  force(): void {
    this.#hurry();
  }

  /**
   * Stops the servers.
   *
   * @param drainMs longest time for calls in flight after new calls are refused
   * @param delayMs how long new calls are still accepted: a load balancer sends calls until it has seen that this replica
   * is not ready
   */
  async end(drainMs: number, delayMs: number): Promise<void> {
    const { data, admin, readiness, abortInFlight: cut, abortMs: cutMs } = this.#options;
    readiness.close();
    // the next response closes a keep-alive connection
    for (const server of [data, admin]) {
      server.prependListener('request', (_request, response) => {
        response.shouldKeepAlive = false;
      });
    }
    await this.#wait(delayMs);
    const closed = Promise.all([close(data), close(admin)]);
    const idle = setInterval(() => {
      data.closeIdleConnections();
      admin.closeIdleConnections();
    }, IDLE_CHECK_MS);
    try {
      if (await this.#within(closed, drainMs)) return;
      cut();
      if (await within(closed, cutMs)) return;
      data.closeAllConnections();
      admin.closeAllConnections();
      await closed;
    } finally {
      clearInterval(idle);
    }
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await within(this.#hurried, ms);
  }

  async #within(done: Promise<unknown>, ms: number): Promise<boolean> {
    let over = false;
    const finished = done.then(() => {
      over = true;
    });
    await within(Promise.race([finished, this.#hurried]), ms);
    return over;
  }
}

function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  return closed;
}

/** Returns whether a promise resolves within a time limit. */
async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([done.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
