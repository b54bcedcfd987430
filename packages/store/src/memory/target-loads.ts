import type { Clock } from '@sluice/core';
import {
  type LoadExchange,
  REPLICA_LEASE_MS,
  SPEED_DECAY_MS,
  type TargetLoads,
  type TargetReport,
  type TargetShare,
} from '../ports/index.ts';

interface Own {
  inFlight: number;
  waiting: number;
  permits: number;
}

const SPEEDS = [
  ['first', 'firstMs'],
  ['token', 'tokenMs'],
  ['whole', 'wholeMs'],
] as const;

type Speed = (typeof SPEEDS)[number][1];

/**
 * Loads of a single process, and of tests with several replicas in one process. The same algorithm as
 * redis/scripts/exchange-loads.lua.
 */
export class MemoryTargetLoads implements TargetLoads {
  readonly #clock: Clock;
  readonly #replicas = new Map<string, { reportedMs: number; targets: Map<string, Own> }>();
  readonly #speeds = new Map<string, Partial<Record<Speed, number>> & { atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async exchange(replica: string, reports: ReadonlyMap<string, TargetReport>): Promise<LoadExchange> {
    const nowMs = this.#clock.now();
    this.#forgetDead(nowMs);
    const own = this.#replicas.get(replica) ?? { reportedMs: nowMs, targets: new Map<string, Own>() };
    own.reportedMs = nowMs;
    this.#replicas.set(replica, own);
    const shares = new Map<string, TargetShare>();
    for (const [target, report] of reports) {
      const before = own.targets.get(target) ?? { inFlight: 0, waiting: 0, permits: 0 };
      const permits = report.limit === undefined ? 0 : this.#permitsFor(replica, target, report, report.limit, before.permits);
      own.targets.set(target, { inFlight: report.inFlight, waiting: report.waiting, permits });
      this.#measure(target, report, nowMs);
      const { atMs, ...speeds } = this.#speeds.get(target) ?? { atMs: undefined };
      shares.set(target, {
        inFlight: this.#sum(target, ({ inFlight }) => inFlight),
        ...(report.limit === undefined ? {} : { permits }),
        ...speeds,
        ...(atMs === undefined ? {} : { measuredMs: nowMs - atMs }),
      });
    }
    return { replicas: this.#replicas.size, shares };
  }

  async deregister(replica: string): Promise<void> {
    this.#replicas.delete(replica);
  }

  #permitsFor(replica: string, target: string, { inFlight, waiting }: TargetReport, limit: number, before: number): number {
    const others = (of: (own: Own) => number): number => this.#sum(target, of, replica);
    const free = limit - others(({ permits }) => permits);
    const fair = Math.ceil(limit / this.#replicas.size);
    const demand = inFlight + waiting;
    const othersDemand = others((own) => own.inFlight + own.waiting);
    const othersWait = others((own) => own.waiting) > 0;
    const wanted = Math.max(demand, othersWait ? 1 : fair);
    return Math.max(Math.min(inFlight, Math.max(before, free)), Math.min(wanted, Math.max(fair, limit - othersDemand), free), 0);
  }

  #measure(target: string, report: TargetReport, nowMs: number): void {
    for (const [of, name] of SPEEDS) {
      const measured = report[of];
      if (measured === undefined) continue;
      const speeds = this.#speeds.get(target) ?? { atMs: nowMs };
      const known = speeds[name];
      const weight = 1 - Math.exp(-(nowMs - speeds.atMs) / SPEED_DECAY_MS);
      const moved = known === undefined || measured.meanMs > known ? measured.meanMs : known + (measured.meanMs - known) * weight;
      this.#speeds.set(target, { ...speeds, [name]: moved });
    }
    const speeds = this.#speeds.get(target);
    if (speeds !== undefined && SPEEDS.some(([of]) => report[of] !== undefined)) speeds.atMs = nowMs;
  }

  #forgetDead(nowMs: number): void {
    const newest = Math.max(...[...this.#replicas.values()].map(({ reportedMs }) => reportedMs));
    // without any recent report, the store was unavailable
    const unavailable = nowMs - newest > REPLICA_LEASE_MS;
    for (const [replica, own] of this.#replicas) {
      if (unavailable) own.reportedMs = nowMs;
      else if (nowMs - own.reportedMs > REPLICA_LEASE_MS) this.#replicas.delete(replica);
    }
  }

  #sum(target: string, of: (own: Own) => number, but?: string): number {
    let sum = 0;
    for (const [replica, { targets }] of this.#replicas) {
      const own = replica === but ? undefined : targets.get(target);
      if (own !== undefined) sum += of(own);
    }
    return sum;
  }
}
