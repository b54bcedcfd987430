import { type Clock, type DependencyHealth, defined, noopHealth, systemClock } from '@sluice/core';
import { type Measured, SPEED_DECAY_MS, type TargetLoads, type TargetReport, type TargetShare } from '@sluice/store/ports';
import { ConcurrencyLimit, type ConcurrencySettings } from './concurrency-limit.ts';

/** Interval of exchanges of the calls in flight with the other replicas, in ms. */
const EXCHANGE_MS = 200;
/** Interval of heartbeats of an idle replica, in ms: well within `REPLICA_LEASE_MS`. */
const HEARTBEAT_MS = 3_000;
/** A target that was idle for this time is no longer reported, in ms. */
const FORGOTTEN_MS = 60_000;
/** Age at which a measurement starts to fade, in ms, so that a slow target is tried again. */
const FADING_MS = 10_000;
/** Time constant of the fading, in ms: a measurement drops to about a third in this time. */
const FADED_MS = 60_000;

/** Measured speed of a target over all replicas, in milliseconds. */
export interface Speed {
  /** Until the first content of a stream. */
  readonly firstMs?: number | undefined;
  /** Between two tokens of a stream. */
  readonly tokenMs?: number | undefined;
  /** Until the end of a whole response. */
  readonly wholeMs?: number | undefined;
}

const SPEEDS = ['firstMs', 'tokenMs', 'wholeMs'] as const;

class Sum {
  count = 0;
  #ms = 0;

  add(ms: number): void {
    this.count++;
    this.#ms += ms;
  }

  take(): Measured | undefined {
    const { count } = this;
    if (count === 0) return undefined;
    const meanMs = this.#ms / count;
    this.count = 0;
    this.#ms = 0;
    return { count, meanMs };
  }
}

interface LimitEntry {
  readonly limit: ConcurrencyLimit;
  /** Undefined until the first permits are granted. */
  permits: number | undefined;
}

interface Load {
  inFlight: number;
  /** Calls in flight in this replica's last report. */
  reported: number;
  usedMs: number;
  share: TargetShare;
  receivedMs: number;
  readonly measured: { readonly [Name in (typeof SPEEDS)[number]]: Sum };
}

export interface SharedLoadsOptions {
  readonly store: TargetLoads;
  /** Id of this replica. */
  readonly replica: string;
  /** Maximum number of replicas. Until the store responds, limits are divided by it. */
  readonly maxReplicas?: () => number | undefined;
  /** Receives the number of replicas at each exchange. */
  readonly onReplicas?: (count: number) => void;
  readonly clock?: Clock;
  readonly health?: DependencyHealth;
}

/**
 * Calls in flight and speed of each target over all replicas: the last state of the store plus this replica's changes since
 * then. It is exchanged in the background. No call waits for it, except a call without a permit at a target with a limit.
 */
export class SharedLoads {
  readonly #options: SharedLoadsOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #loads = new Map<string, Load>();
  readonly #limits = new Map<string, LimitEntry>();
  #exchange: Promise<void> | undefined;
  #exchangedMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SharedLoadsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? noopHealth;
  }

  start(): void {
    this.#timer = setInterval(() => void this.exchange(), EXCHANGE_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchange;
    await this.#options.store.deregister(this.#options.replica).catch(() => {});
  }

  /**
   * Returns the limit of this name: the same object for the lifetime of the process, so that calls from before a reload still
   * count.
   */
  limit(name: string, settings: ConcurrencySettings): ConcurrencyLimit {
    const known = this.#limits.get(name);
    if (known !== undefined) {
      known.limit.settings = settings;
      return known.limit;
    }
    const entry: LimitEntry = {
      limit: new ConcurrencyLimit(name, settings, {
        count: () => (entry.permits === undefined ? undefined : Math.min(entry.permits, entry.limit.settings.limit)),
        want: () => void this.exchange(),
      }),
      permits: undefined,
    };
    this.#limits.set(name, entry);
    return entry.limit;
  }

  /** Counts a call at a target. */
  begin(target: string): void {
    const load = this.#load(target);
    load.inFlight++;
    load.usedMs = this.#clock.monotonic();
  }

  /** Counts the end of a call at a target. Called once for each `begin`. */
  end(target: string): void {
    this.#load(target).inFlight--;
  }

  measured(target: string, speed: Speed): void {
    const load = this.#load(target);
    const nowMs = this.#clock.monotonic();
    const moved: { -readonly [Name in keyof TargetShare]: TargetShare[Name] } = { ...load.share };
    for (const name of SPEEDS) {
      const ms = speed[name];
      if (ms === undefined) continue;
      load.measured[name].add(ms);
      const known = moved[name];
      const age = (moved.measuredMs ?? 0) + nowMs - load.receivedMs;
      moved[name] = known === undefined || ms > known ? ms : known + (ms - known) * (1 - Math.exp(-age / SPEED_DECAY_MS));
    }
    moved.measuredMs = 0;
    load.share = moved;
    load.receivedMs = nowMs;
  }

  /** Returns the calls in flight at a target, over all replicas. */
  outstanding(target: string): number {
    const load = this.#loads.get(target);
    return load === undefined ? 0 : Math.max(0, load.share.inFlight - load.reported) + load.inFlight;
  }

  /** Returns the speed of a target. Old measurements fade. */
  speed(target: string): Speed {
    const load = this.#loads.get(target);
    if (load === undefined) return {};
    const { firstMs, tokenMs, wholeMs, measuredMs = 0 } = load.share;
    const age = measuredMs + this.#clock.monotonic() - load.receivedMs;
    const remaining = age <= FADING_MS ? 1 : Math.exp(-(age - FADING_MS) / FADED_MS);
    const faded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms * remaining);
    return { firstMs: faded(firstMs), tokenMs: faded(tokenMs), wholeMs: faded(wholeMs) };
  }

  /** Returns the latency of a target: of a whole response, otherwise until the first content. */
  latencyMs(target: string): number | undefined {
    const { firstMs, wholeMs } = this.speed(target);
    return wholeMs ?? firstMs;
  }

  /** Sends this replica's report and receives the shared state. One exchange at a time. */
  exchange(): Promise<void> {
    this.#exchange ??= this.#run().finally(() => {
      this.#exchange = undefined;
      // calls that arrived during the exchange are not in its report
      for (const { limit, permits } of this.#limits.values()) {
        if (limit.waiting > 0 && permits === undefined) void this.exchange();
      }
    });
    return this.#exchange;
  }

  async #run(): Promise<void> {
    const reports = this.#reports();
    const nowMs = this.#clock.monotonic();
    if (reports.size === 0 && this.#exchangedMs !== undefined && nowMs - this.#exchangedMs < HEARTBEAT_MS) return;
    // batches all requests of this turn of the event loop
    await Promise.resolve();
    try {
      const { replicas, shares } = await this.#options.store.exchange(this.#options.replica, reports);
      this.#exchangedMs = nowMs;
      this.#options.onReplicas?.(replicas);
      for (const [name, share] of shares) this.#take(name, share, reports.get(name) as TargetReport);
      this.#health.success();
    } catch (error) {
      this.#health.failure(error);
      const replicas = this.#options.maxReplicas?.() ?? 1;
      for (const entry of this.#limits.values()) {
        entry.permits ??= Math.max(1, Math.floor(entry.limit.settings.limit / replicas));
        entry.limit.admit();
      }
    }
  }

  #reports(): Map<string, TargetReport> {
    const nowMs = this.#clock.monotonic();
    const reports = new Map<string, TargetReport>();
    for (const [name, load] of this.#loads) {
      const { inFlight, reported, usedMs, measured } = load;
      if (inFlight === 0 && reported === 0 && nowMs - usedMs > FORGOTTEN_MS) {
        this.#loads.delete(name);
        continue;
      }
      const [first, token, whole] = SPEEDS.map((speed) => measured[speed].take());
      reports.set(name, { inFlight, waiting: 0, ...defined({ first, token, whole }) });
    }
    for (const [name, { limit, permits = 0 }] of this.#limits) {
      const { inFlight, waiting, settings } = limit;
      if (inFlight + waiting + permits === 0) continue;
      reports.set(`limit:${name}`, { inFlight, waiting, limit: settings.limit });
    }
    return reports;
  }

  #take(name: string, share: TargetShare, report: TargetReport): void {
    const limited = name.startsWith('limit:') ? this.#limits.get(name.slice('limit:'.length)) : undefined;
    if (limited !== undefined) {
      limited.permits = share.permits;
      limited.limit.admit();
      return;
    }
    const load = this.#loads.get(name);
    if (load === undefined) return;
    load.share = share;
    load.receivedMs = this.#clock.monotonic();
    load.reported = report.inFlight;
  }

  #load(target: string): Load {
    let load = this.#loads.get(target);
    if (load === undefined) {
      const measured = { firstMs: new Sum(), tokenMs: new Sum(), wholeMs: new Sum() };
      load = { inFlight: 0, reported: 0, usedMs: this.#clock.monotonic(), share: { inFlight: 0 }, receivedMs: 0, measured };
      this.#loads.set(target, load);
    }
    return load;
  }
}
