import { type Clock, type ConcernHealth, systemClock, unwatched } from '@sluice/core';
import { type Measured, SPEED_DECAY_MS, type TargetLoads, type TargetReport, type TargetShare } from '@sluice/store/ports';
import { ConcurrencyLimit, type ConcurrencySettings } from './concurrency-limit.ts';

/** How often this replica tells the others what it has under way, and hears what they have. */
const EXCHANGE_MS = 200;
/** How often a replica that has nothing to tell says that it lives, in ms: well within `REPLICA_LEASE_MS`. */
const HEARTBEAT_MS = 3_000;
/** A target that was not used for so long is not told of. */
const FORGOTTEN_MS = 60_000;
/** A measurement of so long ago begins to fade, so that a target that was slow once is tried again, */
const FADING_MS = 10_000;
/** and is a third of what it was after so long. */
const FADED_MS = 60_000;

/** How fast a target is, in milliseconds, as far as anybody has measured. */
export interface Speed {
  /** To the first content of a stream. */
  readonly firstMs?: number | undefined;
  /** From one token of a stream to the next. */
  readonly tokenMs?: number | undefined;
  /** A whole answer. */
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

interface Load {
  inFlight: number;
  /** As this replica told it last. */
  told: number;
  usedMs: number;
  share: TargetShare;
  heardMs: number;
  readonly measured: { readonly [Name in (typeof SPEEDS)[number]]: Sum };
}

export interface SharedLoadsOptions {
  readonly store: TargetLoads;
  /** Which replica. */
  readonly replica: string;
  /** The most replicas that there are: while the store has not answered, a limit is shared by so many. */
  readonly maxReplicas?: () => number | undefined;
  /** Told how many replicas there are, at each exchange. */
  readonly onReplicas?: (count: number) => void;
  readonly clock?: Clock;
  readonly health?: ConcernHealth;
}

/**
 * What is under way at each target and how fast it is, over all replicas: what the store told last, and what this replica has done since. It is exchanged
 * in the background, and no call waits for it, but for one that finds no place at a target with a limit.
 */
export class SharedLoads {
  readonly #options: SharedLoadsOptions;
  readonly #clock: Clock;
  readonly #health: ConcernHealth;
  readonly #loads = new Map<string, Load>();
  readonly #limits = new Map<string, { limit: ConcurrencyLimit; places: number | undefined }>();
  #exchange: Promise<void> | undefined;
  #exchangedMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SharedLoadsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? unwatched;
  }

  start(): void {
    this.#timer = setInterval(() => void this.exchange(), EXCHANGE_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchange;
    await this.#options.store.leave(this.#options.replica).catch(() => {});
  }

  /** The limit of this name, the same object as long as the gateway runs: calls of before a changed configuration are counted on. */
  limit(name: string, settings: ConcurrencySettings): ConcurrencyLimit {
    const known = this.#limits.get(name);
    if (known !== undefined) {
      known.limit.settings = settings;
      return known.limit;
    }
    const entry: { limit: ConcurrencyLimit; places: number | undefined } = {
      limit: new ConcurrencyLimit(name, settings, {
        get count() {
          return entry.places === undefined ? undefined : Math.min(entry.places, entry.limit.settings.limit);
        },
        want: () => void this.exchange(),
      }),
      places: undefined,
    };
    this.#limits.set(name, entry);
    return entry.limit;
  }

  /** A call is given to a target. Returns what is called once when it has ended. */
  begin(target: string): () => void {
    const load = this.#load(target);
    load.inFlight++;
    load.usedMs = this.#clock.monotonic();
    return () => {
      load.inFlight--;
    };
  }

  measured(target: string, speed: Speed): void {
    const load = this.#load(target);
    const nowMs = this.#clock.monotonic();
    const moved: { -readonly [Name in keyof TargetShare]?: TargetShare[Name] } = { ...load.share };
    for (const name of SPEEDS) {
      const ms = speed[name];
      if (ms === undefined) continue;
      load.measured[name].add(ms);
      const known = moved[name];
      const age = (moved.measuredMs ?? 0) + nowMs - load.heardMs;
      moved[name] = known === undefined || ms > known ? ms : known + (ms - known) * (1 - Math.exp(-age / SPEED_DECAY_MS));
    }
    load.share = { ...moved, inFlight: load.share.inFlight, measuredMs: 0 };
    load.heardMs = nowMs;
  }

  /** Calls under way at a target, over all replicas. */
  outstanding(target: string): number {
    const load = this.#loads.get(target);
    return load === undefined ? 0 : Math.max(0, load.share.inFlight - load.told) + load.inFlight;
  }

  /** What was measured fades when it is not measured again. */
  speed(target: string): Speed {
    const load = this.#loads.get(target);
    if (load === undefined) return {};
    const { firstMs, tokenMs, wholeMs, measuredMs = 0 } = load.share;
    const age = measuredMs + this.#clock.monotonic() - load.heardMs;
    const left = age <= FADING_MS ? 1 : Math.exp(-(age - FADING_MS) / FADED_MS);
    const faded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms * left);
    return { firstMs: faded(firstMs), tokenMs: faded(tokenMs), wholeMs: faded(wholeMs) };
  }

  /** How long a target takes to begin its answer, or to give all of a whole one. */
  latencyMs(target: string): number | undefined {
    const { firstMs, wholeMs } = this.speed(target);
    return wholeMs ?? firstMs;
  }

  /** Tells and hears. One at a time. */
  exchange(): Promise<void> {
    this.#exchange ??= this.#run().finally(() => {
      this.#exchange = undefined;
      // who came meanwhile has not been told of
      for (const { limit, places } of this.#limits.values()) {
        if (limit.waiting > 0 && places === undefined) void this.exchange();
      }
    });
    return this.#exchange;
  }

  async #run(): Promise<void> {
    const reports = this.#reports();
    const nowMs = this.#clock.monotonic();
    if (reports.size === 0 && this.#exchangedMs !== undefined && nowMs - this.#exchangedMs < HEARTBEAT_MS) return;
    // what is asked for in this turn of the event loop is told together
    await Promise.resolve();
    try {
      const { replicas, shares } = await this.#options.store.exchange(this.#options.replica, reports);
      this.#exchangedMs = nowMs;
      this.#options.onReplicas?.(replicas);
      for (const [name, share] of shares) this.#take(name, share, reports.get(name) as TargetReport);
      this.#health.works();
    } catch (error) {
      this.#health.failed(error);
      const replicas = this.#options.maxReplicas?.() ?? 1;
      for (const entry of this.#limits.values()) {
        entry.places ??= Math.max(1, Math.floor(entry.limit.settings.limit / replicas));
        entry.limit.admit();
      }
    }
  }

  #reports(): Map<string, TargetReport> {
    const nowMs = this.#clock.monotonic();
    const reports = new Map<string, TargetReport>();
    for (const [name, load] of this.#loads) {
      const { inFlight, told, usedMs, measured } = load;
      if (inFlight === 0 && told === 0 && nowMs - usedMs > FORGOTTEN_MS) {
        this.#loads.delete(name);
        continue;
      }
      const [first, token, whole] = SPEEDS.map((speed) => measured[speed].take());
      reports.set(name, {
        inFlight,
        waiting: 0,
        ...(first === undefined ? {} : { first }),
        ...(token === undefined ? {} : { token }),
        ...(whole === undefined ? {} : { whole }),
      });
    }
    for (const [name, { limit, places = 0 }] of this.#limits) {
      const { inFlight, waiting, settings } = limit;
      if (inFlight + waiting + places === 0) continue;
      reports.set(`limit:${name}`, { inFlight, waiting, limit: settings.limit });
    }
    return reports;
  }

  #take(name: string, share: TargetShare, report: TargetReport): void {
    const limited = name.startsWith('limit:') ? this.#limits.get(name.slice('limit:'.length)) : undefined;
    if (limited !== undefined) {
      limited.places = share.places;
      limited.limit.admit();
      return;
    }
    const load = this.#loads.get(name);
    if (load === undefined) return;
    load.share = share;
    load.heardMs = this.#clock.monotonic();
    load.told = report.inFlight;
  }

  #load(target: string): Load {
    let load = this.#loads.get(target);
    if (load === undefined) {
      const measured = { firstMs: new Sum(), tokenMs: new Sum(), wholeMs: new Sum() };
      load = { inFlight: 0, told: 0, usedMs: this.#clock.monotonic(), share: { inFlight: 0 }, heardMs: 0, measured };
      this.#loads.set(target, load);
    }
    return load;
  }
}
