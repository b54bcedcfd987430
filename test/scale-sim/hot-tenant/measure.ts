import { seededRandom } from '@sluice/core';
import { type Meters, SubWindows } from '@sluice/store/ports';
import { Redis } from 'ioredis';
import { KeyLayout } from '../../../packages/store/src/redis/key-layout.ts';
import { RedisMeters } from '../../../packages/store/src/redis/meters.ts';
import { cpuUs, slownessOf } from './server-cpu.ts';
import { HotTenant, type HotTenantPlan, type HotTenantResult } from './simulation.ts';

export interface HotTenantFigures {
  readonly calls: number;
  readonly admitted: number;
  /** CPU time of Redis per call, in microseconds. */
  readonly cpuUs: number;
  /** How much slower the server was than the reference (see `slownessOf`). */
  readonly slowness: number;
  /** Reservations per call that the store decided. */
  readonly reservations: number;
  /** Calls beyond the limit in the fullest span of a window's length. */
  readonly overAdmitted: number;
  /** The share of calls that were refused although one counter would have admitted them. */
  readonly underAdmitted: number;
  readonly spent: number;
  readonly cost: number;
  readonly reserved: number;
}

export type HotTenantOptions = Omit<HotTenantPlan, 'open' | 'random'> & { readonly seed: number };

/** Runs the simulation on a Redis server. */
export async function measureHotTenant(url: string, { seed, ...options }: HotTenantOptions): Promise<HotTenantFigures> {
  const clients = Array.from({ length: options.replicas * 2 }, () => new Redis(url));
  const layout = new KeyLayout(`hot-${seed}-${options.leaseAbove ?? 'off'}-${Date.now()}`);
  const opened: Meters[] = [];
  const [info] = clients as [Redis];
  try {
    const tenant = new HotTenant({
      ...options,
      random: seededRandom(seed),
      open: (clock, n) => {
        const [state, background] = clients.slice(n * 2) as [Redis, Redis];
        const meters = new RedisMeters({ state, background, layout, wait: (_operation, send) => send(), clock });
        opened.push(meters);
        return meters;
      },
    });
    const slowBefore = await slownessOf(info);
    const before = await cpuUs(info);
    const result = await tenant.run();
    const after = await cpuUs(info);
    const slowness = (slowBefore + (await slownessOf(info))) / 2;
    const [meters] = opened as [Meters];
    const { spent, reserved } = await meters.budget({ tenant: 'hot', subject: 'key', meter: 'budget', period: 'total' });
    const admitted = sum(result.admittedAt);
    const ideal = idealAdmissions(result, options);
    return {
      ...{ calls: result.calls, admitted, spent, reserved, cost: result.cost, slowness },
      cpuUs: (after - before) / result.calls,
      reservations: result.reservations / result.calls,
      overAdmitted: Math.max(0, fullestSpan(result.admittedAt, options.windowMs) - options.requests),
      underAdmitted: Math.max(0, ideal - admitted) / ideal,
    };
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** Returns the number of calls that one counter with sub-windows admits, if each call asks it. */
function idealAdmissions(
  { calledAt }: HotTenantResult,
  { windowMs, requests }: Pick<HotTenantOptions, 'windowMs' | 'requests'>,
): number {
  const window = new SubWindows(windowMs);
  const startMs = 1_700_000_000_000;
  let admitted = 0;
  for (const [ms, calls] of calledAt.entries()) {
    const amount = Math.max(0, Math.min(calls, requests - window.sumAt(startMs + ms)));
    if (amount > 0) window.add(startMs + ms, amount);
    admitted += amount;
  }
  return admitted;
}

/** Returns the largest number of calls in any span of the window's length. */
function fullestSpan(admittedAt: readonly number[], windowMs: number): number {
  let inSpan = 0;
  let fullest = 0;
  for (const [ms, calls] of admittedAt.entries()) {
    inSpan += calls - (ms >= windowMs ? (admittedAt[ms - windowMs] as number) : 0);
    fullest = Math.max(fullest, inSpan);
  }
  return fullest;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
