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
  /** Zero where there was no answer: the connection broke. */
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface LoadOptions {
  /** Where a call goes; asked for each. */
  readonly url: (n: number) => string;
  readonly key: (n: number) => string;
  readonly model: (n: number) => string;
  readonly stream?: (n: number) => boolean;
  readonly headers?: (n: number) => Record<string, string>;
  /** Calls a second. */
  readonly rate: number;
  /** The most calls under way at one time: what comes beyond it is not sent. */
  readonly atMost?: number;
}

export interface Load {
  /** What was seen so far. */
  readonly seen: readonly Seen[];
  /** Sends no more, and waits for what is under way. */
  stop(): Promise<readonly Seen[]>;
}

let loads = 0;

/** Calls at a steady rate, whatever becomes of them, to loopback alone. */
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

/** What this share of the calls did not take longer than, in milliseconds. */
export function quantile(seen: readonly Seen[], share: number): number {
  const sorted = seen.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** How many calls ended how: `200`, `503 limiter_unavailable`, … */
export function counted(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of seen) {
    const name = code === undefined ? String(status) : `${status} ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
