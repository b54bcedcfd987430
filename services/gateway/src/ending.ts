import type { Server } from 'node:http';
import type { ReadinessProbe } from './readiness.ts';

export interface EndingOptions {
  readonly data: Server;
  readonly admin: Server;
  readonly readiness: Pick<ReadinessProbe, 'close'>;
  /** Ends the calls that are under way, each with an error that says why. */
  readonly cut: () => void;
  /** How long those have to take that error. */
  readonly cutMs: number;
}

/** How often connections are looked at that have become idle. */
const IDLE_CHECK_MS = 50;

/** How a gateway stops so that no call is lost which could be answered. */
export class Ending {
  readonly #options: EndingOptions;
  #hurry: () => void = () => {};
  #hurried: Promise<void>;

  constructor(options: EndingOptions) {
    this.#options = options;
    this.#hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
  }

  /** Nobody wants to wait any longer. */
  hurry(): void {
    this.#hurry();
  }

  /**
   * @param drainMs how long calls under way may go on once no new ones are taken
   * @param delayMs how long new ones still are, because a load balancer goes on sending them until it has seen that this replica is not ready
   */
  async end(drainMs: number, delayMs: number): Promise<void> {
    const { data, admin, readiness, cut, cutMs } = this.#options;
    readiness.close();
    // a client that keeps its connection is told with its next answer that this was the last one
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

/** Whether something is done within so long. */
async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([done.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
