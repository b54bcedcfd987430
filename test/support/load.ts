import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { chat } from './ask.ts';

/** One call of a load, as its client saw it. */
export interface Seen {
  readonly n: number;
  readonly id: string;
  readonly key: string;
  readonly stream: boolean;
  /** On this process' monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly tookMs: number;
  /** Zero if the connection broke before a response. */
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface LoadOptions {
  /** The URL of the n-th call. */
  readonly url: (n: number) => string;
  readonly key: (n: number) => string;
  readonly model: (n: number) => string;
  readonly stream?: (n: number) => boolean;
  readonly headers?: (n: number) => Record<string, string>;
  /** Calls per second. */
  readonly rate: number;
  /** Maximum number of in-flight calls. Calls beyond it are not sent. */
  readonly atMost?: number;
}

export interface Load {
  /** The completed calls so far. */
  readonly seen: readonly Seen[];
  /** Stops sending and waits for the in-flight calls. */
  stop(): Promise<readonly Seen[]>;
}

let loads = 0;

/** Sends calls to loopback at a steady rate, however they end. */
export function startLoad(options: LoadOptions): Load {
  const { rate, atMost = 500 } = options;
  const agent = new Agent({ connections: 128, headersTimeout: 60_000, bodyTimeout: 60_000 });
  const name = `load-${process.pid}-${++loads}`;
  const seen: Seen[] = [];
  const underWay = new Set<Promise<void>>();
  let running = true;

  const one = async (n: number): Promise<void> => {
    const id = `${name}-${n}`;
    const key = options.key(n);
    const stream = options.stream?.(n) ?? false;
    const atMs = performance.now();
    const end = (rest: Pick<Seen, 'status' | 'text' | 'headers'>): void => {
      const code = /"code" ?: ?"([a-z_]+)"/.exec(rest.text)?.[1];
      seen.push({ n, id, key, stream, atMs, tookMs: performance.now() - atMs, code, ...rest });
    };
    try {
      const { statusCode, headers, body } = await request(`${options.url(n)}/v1/chat/completions`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'x-request-id': id,
          ...options.headers?.(n),
        },
        body: JSON.stringify(chat(options.model(n), `call ${id}`, stream ? { stream } : {})),
      });
      end({ status: statusCode, text: await body.text(), headers });
    } catch (error) {
      end({ status: 0, text: String(error), headers: {} });
    }
  };

  const run = (async () => {
    const startedMs = performance.now();
    for (let n = 0; running; n++) {
      const dueMs = startedMs + (n * 1_000) / rate;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (!running || underWay.size >= atMost) continue;
      const call = one(n);
      underWay.add(call);
      void call.then(() => underWay.delete(call));
    }
  })();

  const end = async (): Promise<readonly Seen[]> => {
    running = false;
    await run;
    await Promise.all(underWay);
    await agent.close();
    return seen;
  };
  let ended: Promise<readonly Seen[]> | undefined;
  return {
    seen,
    stop() {
      ended ??= end();
      return ended;
    },
  };
}

/** Returns the latency quantile of this share of the calls, in milliseconds. */
export function quantile(seen: readonly Seen[], share: number): number {
  const sorted = seen.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Counts the calls by outcome: `200`, `503 limiter_unavailable`, … */
export function counted(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of seen) {
    const name = code === undefined ? String(status) : `${status} ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
