import type { Clock, Random } from '@sluice/core';
import { seededRandom } from '@sluice/core';
import { waitFor } from '@sluice/core/testing';
import type { Meters } from '@sluice/store/ports';
import { redisStores } from '@sluice/store/redis';

/** Number of replicas, each with its own connection. */
const CONNECTIONS = 4;
/** Start time of a run, in Unix ms. */
const STARTS_MS = 1.7e12;
/** Numbers of calls at the same instant: single calls, and bursts far above a limit. */
const BURSTS = [1, 3, 40, 120, 400];

/** A limit under attack, and the units that a call takes. */
export interface AttackedLimit {
  readonly limit: number;
  readonly windowMs: number;
  /** A call takes 1 to `mostPerCall` units. */
  readonly mostPerCall: number;
  /** The clock of Redis also moves backwards now and then, as when its machine synchronizes the time. */
  readonly clockGoesBack?: boolean;
}

export const ATTACKED_LIMITS: readonly AttackedLimit[] = [
  { limit: 100, windowMs: 2_000, mostPerCall: 1 },
  { limit: 100, windowMs: 60_000, mostPerCall: 1 },
  { limit: 300, windowMs: 2_000, mostPerCall: 1 },
  { limit: 7, windowMs: 1_000, mostPerCall: 1 },
  { limit: 300, windowMs: 3_600_000, mostPerCall: 1 },
  { limit: 100, windowMs: 10_000, mostPerCall: 1, clockGoesBack: true },
  { limit: 5_000, windowMs: 60_000, mostPerCall: 700 },
];

export interface LimitResult extends AttackedLimit {
  readonly hits: number;
  /** The sum of the admitted units. */
  readonly admitted: number;
  /** The maximum of admitted units in any window, divided by the limit. */
  readonly ratio: number;
}

export interface LimitsSoakOptions {
  readonly redisUrl: string;
  /** Number of calls over all limits. */
  readonly hits: number;
  readonly seed: number;
}

/** A clock that a test moves. It is never slower than the real time by which Redis expires keys. */
class MovedClock implements Clock {
  #nowMs = STARTS_MS;
  #realMs = performance.now();

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return performance.now();
  }

  /** Adds the real time since the last move. */
  keepUp(): void {
    const realMs = performance.now();
    this.#nowMs += realMs - this.#realMs;
    this.#realMs = realMs;
  }

  to(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

/**
 * Attacks limits through the store that replicas use, over several connections. The clock stops just before and just after
 * every edge at which an implementation may forget too early. The oracle is outside the store: it sums the admitted units in
 * every window.
 */
export async function limitsSoak({ redisUrl, hits, seed }: LimitsSoakOptions): Promise<readonly LimitResult[]> {
  const random = seededRandom(seed);
  const clock = new MovedClock();
  const state = { kind: 'single', url: redisUrl } as const;
  const prefix = `limits-soak-${process.pid}-${Date.now()}`;
  const open = () => redisStores({ state, prefix, timeoutMs: 10_000, clock });
  const stores = Array.from({ length: CONNECTIONS }, open);
  try {
    await waitFor(() => stores.every((store) => store.healthy()), 'all connections to Redis');
    const results: LimitResult[] = [];
    const meters = stores.map((store) => store.meters);
    const part = Math.ceil(hits / ATTACKED_LIMITS.length);
    for (const attacked of ATTACKED_LIMITS) results.push(await attack(attacked, { meters, clock, random, hits: part }));
    return results;
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

interface AttackOptions {
  readonly meters: readonly Meters[];
  readonly clock: MovedClock;
  readonly random: Random;
  readonly hits: number;
}

async function attack(attacked: AttackedLimit, { meters, clock, random, hits }: AttackOptions): Promise<LimitResult> {
  const { limit, windowMs, mostPerCall } = attacked;
  const subject = `${limit}-${windowMs}-${mostPerCall}`;
  const admissions = new Admissions(windowMs);
  let sent = 0;
  const hit = async (): Promise<number> => {
    const n = sent++;
    const amount = 1 + Math.floor(random.next() * mostPerCall);
    const charges = [{ kind: 'window', meter: 'requests', limit, windowMs, amount }] as const;
    const store = meters[n % meters.length] as Meters;
    const { admitted } = await store.reserve({ tenant: 'soak', subject, callId: `${subject}-${n}`, charges });
    return admitted ? amount : 0;
  };
  clock.to(STARTS_MS + random.next() * 1e6);
  while (sent < hits) {
    const burst = Math.min(hits - sent, BURSTS[Math.floor(random.next() * BURSTS.length)] as number);
    const amounts = await Promise.all(Array.from({ length: burst }, hit));
    admissions.add(
      clock.now(),
      amounts.reduce((sum, amount) => sum + amount, 0),
    );
    clock.keepUp();
    clock.to(nextMoment(clock.now(), attacked, random));
  }
  return { ...attacked, hits: sent, admitted: admissions.sum, ratio: admissions.most / limit };
}

/**
 * Number of parts that a window has in Redis, by the longest window of its kind
 * (packages/store/src/redis/scripts/include/sub-windows.lua).
 */
const PARTS = { short: 20, long: 60 };
const LONG_WINDOW_MS = 60_000;

/** Returns a moment just before or after an edge of a part or of the window, or somewhere near. */
function nextMoment(nowMs: number, { windowMs, clockGoesBack }: AttackedLimit, random: Random): number {
  const partMs = windowMs / (windowMs >= LONG_WINDOW_MS ? PARTS.long : PARTS.short);
  const chance = random.next();
  if (chance < 0.3) return nowMs + random.next() * partMs * 0.3;
  if (chance < 0.5) return Math.ceil(nowMs / partMs) * partMs - 0.001;
  if (chance < 0.7) return Math.ceil((nowMs + 0.0011) / partMs) * partMs;
  if (chance < 0.8) return nowMs + windowMs - 0.001;
  if (chance < 0.9) return nowMs + windowMs * (0.9 + random.next() * 0.2);
  if (chance < 0.95 && clockGoesBack === true) return nowMs - random.next() * partMs * 2;
  return nowMs + random.next() * partMs * 3;
}

/**
 * Sums the admitted units of the last window at any moment. After a step backwards the clock counts as the latest time that it
 * has shown.
 */
class Admissions {
  sum = 0;
  most = 0;
  readonly #windowMs: number;
  readonly #log: { readonly atMs: number; readonly amount: number }[] = [];
  #latestMs = 0;
  #oldest = 0;
  #inWindow = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(nowMs: number, amount: number): void {
    const atMs = Math.max(this.#latestMs, nowMs);
    this.#latestMs = atMs;
    this.#log.push({ atMs, amount });
    this.sum += amount;
    this.#inWindow += amount;
    for (let entry = this.#log[this.#oldest]; entry !== undefined && atMs - entry.atMs >= this.#windowMs; ) {
      this.#inWindow -= entry.amount;
      entry = this.#log[++this.#oldest];
    }
    this.most = Math.max(this.most, this.#inWindow);
  }
}
