import { type Clock, type DependencyHealth, noopHealth, systemClock } from '@sluice/core';
import type { Circuits } from '@sluice/store/ports';
import { type BreakerLimits, type FailureSource, FailureWindow } from './failure-window.ts';

export interface BreakerSettings extends BreakerLimits {
  /** How long a circuit stays open before a probe, in milliseconds. */
  readonly openMs: number;
}

/** Values of `sluice_circuit_state`: 0 closed, 1 half-open, 2 open. */
export type CircuitLevel = 0 | 1 | 2;

export interface CircuitBreakersOptions {
  readonly store: Circuits;
  readonly settings: () => BreakerSettings;
  readonly clock?: Clock;
  /** Health of the store. If the store fails, this replica uses only its own observations. */
  readonly health?: DependencyHealth;
  readonly onLevel?: (circuit: string, level: CircuitLevel) => void;
}

/**
 * Whether a target may be called.
 *
 * - `closed`: any call may call it
 * - `half_open`: one call may probe it, see `tryAcquireProbe`
 * - `open`: no call may call it for another `forMs` milliseconds, because it failed
 * - `cooldown`: the same, because it was rate limited
 */
export type Availability =
  | { readonly kind: 'closed' | 'half_open' }
  | { readonly kind: 'open' | 'cooldown'; readonly forMs: number };

interface Circuit {
  readonly window: FailureWindow;
  /** On the monotonic clock. Undefined if the circuit is closed. */
  openUntilMs: number | undefined;
  backOffUntilMs: number;
  /** Time from which a probe is allowed during a long cooldown. Undefined for a short cooldown. */
  backOffProbeMs: number | undefined;
  /** The key with the rate-limited call, and the time of that call. Other keys may probe earlier. */
  rateLimitedKey: string | undefined;
  rateLimitedMs: number;
  /** A call of this replica is probing the target or is requesting the probe. */
  probing: boolean;
  /** This replica does not request the probe before this time. */
  probeAgainMs: number;
  changedMs: number;
}

const CLOSED: Availability = { kind: 'closed' };
const HALF_OPEN: Availability = { kind: 'half_open' };
/** Maximum number of circuits with state. Clients may invent model names, so there may be many. */
const MAX_CIRCUITS = 10_000;
/** Interval of refreshes. The store also sends change events, but an event may be lost. */
const REFRESH_MS = 1_000;
/** Lease of a probe. It ends the probe of a replica that has crashed. */
const PROBE_LEASE_MS = 120_000;
/** A longer cooldown is probed before its end, in ms. */
const LONG_COOLDOWN_MS = 30_000;
/** Interval of probes during a long cooldown, over all replicas, in ms. */
const PROBE_COOLDOWN_MS = 5_000;
/** During a long cooldown, the rate-limited key itself may probe only after this time, in ms. */
const OWN_PROBE_MS = 15_000;
/** Delay before this replica requests the probe again, after another replica got it, in ms. */
const PROBE_AGAIN_MS = 500;

/**
 * Circuit breakers, one for each target. All replicas share open circuits and cooldowns through the store; each replica counts
 * failures separately. If the store is unavailable, each replica uses only its own observations.
 */
export class CircuitBreakers {
  readonly #store: Circuits;
  readonly #settings: () => BreakerSettings;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #onLevel: (circuit: string, level: CircuitLevel) => void;
  readonly #circuits = new Map<string, Circuit>();
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void = () => {};

  constructor({ store, settings, clock, health, onLevel }: CircuitBreakersOptions) {
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock ?? systemClock;
    this.#health = health ?? noopHealth;
    this.#onLevel = onLevel ?? (() => {});
  }

  start(): void {
    this.#stopListening = this.#store.onChange(() => void this.refresh());
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS).unref();
    void this.refresh();
  }

  stop(): void {
    this.#stopListening();
    clearInterval(this.#timer);
  }

  /** @param key key of the caller, with its tenant */
  availability(name: string, key?: string): Availability {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined) return CLOSED;
    const nowMs = this.#clock.monotonic();
    if (circuit.backOffUntilMs > nowMs) {
      return mayProbeInCooldown(circuit, nowMs, key) ? HALF_OPEN : { kind: 'cooldown', forMs: circuit.backOffUntilMs - nowMs };
    }
    if (circuit.openUntilMs === undefined) return CLOSED;
    if (circuit.openUntilMs > nowMs) return { kind: 'open', forMs: circuit.openUntilMs - nowMs };
    if (!circuit.probing && circuit.probeAgainMs <= nowMs) return HALF_OPEN;
    return { kind: 'open', forMs: Math.max(PROBE_AGAIN_MS, circuit.probeAgainMs - nowMs) };
  }

  /**
   * Requests the probe of a half-open target. A caller that gets it must report the result with `succeeded`, `failed` or
   * `inconclusive`.
   */
  async tryAcquireProbe(name: string, key?: string): Promise<boolean> {
    const circuit = this.#circuit(name);
    if (circuit.probing || this.availability(name, key).kind !== 'half_open') return false;
    circuit.probing = true;
    const inCooldown = circuit.backOffUntilMs > this.#clock.monotonic();
    if (inCooldown) circuit.backOffProbeMs = this.#clock.monotonic() + PROBE_COOLDOWN_MS;
    try {
      const granted = await (inCooldown
        ? this.#store.acquireCooldownProbe(name, PROBE_COOLDOWN_MS)
        : this.#store.acquireProbe(name, PROBE_LEASE_MS));
      this.#health.success();
      if (granted && !inCooldown) this.#onLevel(name, 1);
      if (!granted) circuit.probing = false;
      circuit.probeAgainMs = this.#clock.monotonic() + PROBE_AGAIN_MS;
      return granted;
    } catch (error) {
      this.#health.failure(error);
      // The store is unavailable, so other replicas cannot be consulted: allow the probe.
      return true;
    }
  }

  /**
   * @param probe whether the call was the probe. Older calls in flight are no evidence about the target's current state.
   * @param key key of the caller, with its tenant
   */
  succeeded(name: string, probe: boolean, key?: string): void {
    const circuit = this.#circuits.get(name);
    // circuits are created at the first failure; the successes before it would expire soon anyway
    if (circuit === undefined) return;
    circuit.window.succeeded(this.#settings(), this.#clock.monotonic(), key);
    if (probe && circuit.backOffUntilMs > this.#clock.monotonic()) this.#endCooldown(name, circuit);
    if (circuit.openUntilMs === undefined || !probe) return;
    this.#close(name, circuit);
    this.#report(this.#store.close(name));
  }

  /**
   * @param probe as in `succeeded`
   * @param source key and request, if the request may be the cause of the failure
   */
  failed(name: string, probe: boolean, source?: FailureSource): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    const settings = this.#settings();
    const tooMany = circuit.window.failed(settings, nowMs, source);
    if (probe) circuit.probing = false;
    if (circuit.openUntilMs === undefined ? !tooMany : !probe) return;
    circuit.probing = false;
    circuit.openUntilMs = nowMs + settings.openMs;
    circuit.changedMs = nowMs;
    this.#onLevel(name, 2);
    this.#report(this.#store.open(name, settings.openMs));
  }

  /** Opens a circuit because another source reports that the target is down. */
  forceOpen(name: string, forMs: number): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    if (circuit.openUntilMs === undefined) this.#onLevel(name, 2);
    circuit.openUntilMs = nowMs + forMs;
    circuit.changedMs = nowMs;
    this.#report(this.#store.open(name, forMs));
  }

  /** Ends a half-open probe without a verdict (client disconnect or 429). */
  inconclusive(name: string): void {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined || !circuit.probing) return;
    circuit.probing = false;
    // without a verdict, another call may probe at once
    if (circuit.openUntilMs !== undefined) this.#report(this.#store.open(name, 0));
  }

  /**
   * Starts a cooldown after the target was rate limited.
   *
   * @param key key of the rate-limited caller, with its tenant
   */
  backOff(name: string, forMs: number, key?: string): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    startCooldown(circuit, nowMs, forMs);
    circuit.rateLimitedKey = key;
    circuit.rateLimitedMs = nowMs;
    circuit.changedMs = nowMs;
    this.#report(this.#store.startCooldown(name, forMs));
  }

  #endCooldown(name: string, circuit: Circuit): void {
    circuit.backOffUntilMs = 0;
    circuit.probing = false;
    circuit.changedMs = this.#clock.monotonic();
    this.#report(this.#store.endCooldown(name));
  }

  /** Adopts the shared state of all replicas. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const requestedMs = this.#clock.monotonic();
    let states: Awaited<ReturnType<Circuits['states']>>;
    try {
      states = await this.#store.states();
      this.#health.success();
    } catch (error) {
      this.#health.failure(error);
      return;
    }
    const nowMs = this.#clock.monotonic();
    for (const [name, { openMs, coolingMs }] of states) {
      const circuit = this.#circuit(name);
      if (coolingMs !== undefined && nowMs + coolingMs > circuit.backOffUntilMs) startCooldown(circuit, nowMs, coolingMs);
      if (openMs === undefined || circuit.probing || circuit.changedMs >= requestedMs) continue;
      if (circuit.openUntilMs === undefined) this.#onLevel(name, 2);
      circuit.openUntilMs = nowMs + openMs;
    }
    for (const [name, circuit] of this.#circuits) {
      const inCooldown = circuit.backOffUntilMs > nowMs && states.get(name)?.coolingMs === undefined;
      // a probe of another replica has succeeded
      if (inCooldown && circuit.changedMs < requestedMs) circuit.backOffUntilMs = 0;
      const open = circuit.openUntilMs !== undefined && states.get(name)?.openMs === undefined;
      // the store may not have received this replica's latest change yet
      if (open && !circuit.probing && circuit.changedMs < requestedMs) this.#close(name, circuit);
    }
  }

  #close(name: string, circuit: Circuit): void {
    circuit.openUntilMs = undefined;
    circuit.probing = false;
    circuit.changedMs = this.#clock.monotonic();
    this.#circuits.set(name, { ...circuit, window: new FailureWindow() });
    this.#onLevel(name, 0);
  }

  #circuit(name: string): Circuit {
    let circuit = this.#circuits.get(name);
    if (circuit === undefined) {
      if (this.#circuits.size >= MAX_CIRCUITS) this.#removeOldest();
      const window = new FailureWindow();
      const cooldown = { backOffUntilMs: 0, backOffProbeMs: undefined, rateLimitedKey: undefined, rateLimitedMs: 0 };
      circuit = { window, openUntilMs: undefined, ...cooldown, probing: false, probeAgainMs: 0, changedMs: -1 };
      this.#circuits.set(name, circuit);
    }
    return circuit;
  }

  /** Removes the oldest closed circuit. */
  #removeOldest(): void {
    for (const [name, { openUntilMs }] of this.#circuits) {
      if (openUntilMs !== undefined) continue;
      this.#circuits.delete(name);
      return;
    }
  }

  #report(sent: Promise<void>): void {
    sent.then(
      () => this.#health.success(),
      (error: unknown) => this.#health.failure(error),
    );
  }
}

/** Starts a cooldown, unless a longer one is active. */
function startCooldown(circuit: Circuit, nowMs: number, forMs: number): void {
  if (nowMs + forMs <= circuit.backOffUntilMs) return;
  const known = circuit.backOffUntilMs > nowMs ? circuit.backOffProbeMs : undefined;
  circuit.backOffUntilMs = nowMs + forMs;
  circuit.backOffProbeMs = forMs > LONG_COOLDOWN_MS ? (known ?? nowMs + PROBE_COOLDOWN_MS) : undefined;
}

/** Returns whether a call may probe a target in a long cooldown. Keys other than the rate-limited key go first. */
function mayProbeInCooldown(
  { backOffProbeMs, rateLimitedKey, rateLimitedMs, probing }: Circuit,
  nowMs: number,
  key: string | undefined,
): boolean {
  if (backOffProbeMs === undefined || probing || nowMs < backOffProbeMs) return false;
  return rateLimitedKey === undefined || key !== rateLimitedKey || nowMs >= rateLimitedMs + OWN_PROBE_MS;
}
