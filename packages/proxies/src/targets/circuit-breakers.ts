import { type Clock, type ConcernHealth, systemClock, unwatched } from '@sluice/core';
import type { Circuits } from '@sluice/store/ports';
import { type BreakerLimits, FailureWindow, type Voice } from './failure-window.ts';

export interface BreakerSettings extends BreakerLimits {
  /** How long a target that failed is left alone before one call tries it. */
  readonly openMs: number;
}

/** As `sluice_circuit_state` has it: 0 closed, 1 half-open, 2 open. */
export type CircuitLevel = 0 | 1 | 2;

export interface CircuitBreakersOptions {
  readonly store: Circuits;
  readonly settings: () => BreakerSettings;
  readonly clock?: Clock;
  /** Where the store does not answer, this replica goes by what it has seen itself. */
  readonly health?: ConcernHealth;
  readonly onLevel?: (circuit: string, level: CircuitLevel) => void;
}

/**
 * Whether a target may be asked.
 *
 * - `ready`: yes
 * - `due`: by the one call that tries whether it works again, see `tryProbe`
 * - `open`, `cooling`: not for so long
 */
export type Availability = { readonly kind: 'ready' | 'due' } | { readonly kind: 'open' | 'cooling'; readonly forMs: number };

interface Circuit {
  readonly window: FailureWindow;
  /** On the monotonic clock; undefined where it is closed. */
  openUntilMs: number | undefined;
  coolUntilMs: number;
  /** From when on one call may try it although it cools: its cooldown is long. Undefined for a short one. */
  coolProbeMs: number | undefined;
  /** The key whose call it asked to wait, and when: others try it first. */
  cooledBy: string | undefined;
  cooledMs: number;
  /** A call of this replica tries it, or asks whether it may. */
  probing: boolean;
  /** Nobody of this replica asks again before that. */
  askAgainMs: number;
  changedMs: number;
}

const READY: Availability = { kind: 'ready' };
const DUE: Availability = { kind: 'due' };
/** Targets of which something is known; of models that clients make up there may be many. */
const MAX_CIRCUITS = 10_000;
/** How often the store is asked, though it tells of changes: one may get lost. */
const REFRESH_MS = 1_000;
/** Who tries a target and dies has had so long. */
const PROBE_LEASE_MS = 120_000;
/** A cooldown that is longer than this is tried, */
const LONG_COOLDOWN_MS = 30_000;
/** by one call of all replicas in so long, */
const PROBE_COOLDOWN_MS = 5_000;
/** and by one of the key whose call it followed only after so long. */
const OWN_PROBE_MS = 15_000;
/** Where another replica tries it, this one asks again after so long. */
const ASK_AGAIN_MS = 500;

/**
 * A circuit breaker for each target, shared by all replicas: what one has learned, all know at once. Each counts by itself; that a target is open, or wants
 * to be left alone, is everybody's. While the store is away each goes on by itself.
 */
export class CircuitBreakers {
  readonly #store: Circuits;
  readonly #settings: () => BreakerSettings;
  readonly #clock: Clock;
  readonly #health: ConcernHealth;
  readonly #onLevel: (circuit: string, level: CircuitLevel) => void;
  readonly #circuits = new Map<string, Circuit>();
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void = () => {};

  constructor({ store, settings, clock, health, onLevel }: CircuitBreakersOptions) {
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock ?? systemClock;
    this.#health = health ?? unwatched;
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

  /** @param key of the caller that asks, with its tenant */
  availability(name: string, key?: string): Availability {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined) return READY;
    const nowMs = this.#clock.monotonic();
    if (circuit.coolUntilMs > nowMs) {
      return mayProbeCooling(circuit, nowMs, key) ? DUE : { kind: 'cooling', forMs: circuit.coolUntilMs - nowMs };
    }
    if (circuit.openUntilMs === undefined) return READY;
    if (circuit.openUntilMs > nowMs) return { kind: 'open', forMs: circuit.openUntilMs - nowMs };
    if (!circuit.probing && circuit.askAgainMs <= nowMs) return DUE;
    return { kind: 'open', forMs: Math.max(ASK_AGAIN_MS, circuit.askAgainMs - nowMs) };
  }

  /** Asks whether the caller is the one to try a target that is due. It tells afterwards how that went: one of `succeeded`, `failed`, `undecided`. */
  async tryProbe(name: string, key?: string): Promise<boolean> {
    const circuit = this.#circuit(name);
    if (circuit.probing || this.availability(name, key).kind !== 'due') return false;
    circuit.probing = true;
    const cools = circuit.coolUntilMs > this.#clock.monotonic();
    if (cools) circuit.coolProbeMs = this.#clock.monotonic() + PROBE_COOLDOWN_MS;
    try {
      const granted = await (cools ? this.#store.probeCooling(name, PROBE_COOLDOWN_MS) : this.#store.probe(name, PROBE_LEASE_MS));
      this.#health.works();
      if (granted && !cools) this.#onLevel(name, 1);
      if (!granted) circuit.probing = false;
      circuit.askAgainMs = this.#clock.monotonic() + ASK_AGAIN_MS;
      return granted;
    } catch (error) {
      this.#health.failed(error);
      // nobody else can be asked
      return true;
    }
  }

  /**
   * @param probe whether it was the call that tried a target which was open: others that were in flight say nothing of how it is now
   * @param key of the caller, with its tenant
   */
  succeeded(name: string, probe: boolean, key?: string): void {
    const circuit = this.#circuits.get(name);
    // a target is known from its first failure on; the calls before it are not missed for long
    if (circuit === undefined) return;
    circuit.window.succeeded(this.#settings(), this.#clock.monotonic(), key);
    if (probe && circuit.coolUntilMs > this.#clock.monotonic()) this.#warm(name, circuit);
    if (circuit.openUntilMs === undefined || !probe) return;
    this.#close(name, circuit);
    this.#tell(this.#store.close(name));
  }

  /**
   * @param probe as in `succeeded`
   * @param voice who asked what, where the request may be the reason of the failure
   */
  failed(name: string, probe: boolean, voice?: Voice): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    const settings = this.#settings();
    const tooMany = circuit.window.failed(settings, nowMs, voice);
    if (probe) circuit.probing = false;
    if (circuit.openUntilMs === undefined ? !tooMany : !probe) return;
    circuit.probing = false;
    circuit.openUntilMs = nowMs + settings.openMs;
    circuit.changedMs = nowMs;
    this.#onLevel(name, 2);
    this.#tell(this.#store.open(name, settings.openMs));
  }

  /** It is known from elsewhere that a target does not work. */
  trip(name: string, forMs: number): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    if (circuit.openUntilMs === undefined) this.#onLevel(name, 2);
    circuit.openUntilMs = nowMs + forMs;
    circuit.changedMs = nowMs;
    this.#tell(this.#store.open(name, forMs));
  }

  /** A target that is open was tried, and nobody knows how it is: the call was left, or the provider said that it is asked too often. */
  undecided(name: string): void {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined || !circuit.probing) return;
    circuit.probing = false;
    // it answers, though not as is wished: that is no reason to go on waiting
    if (circuit.openUntilMs !== undefined) this.#tell(this.#store.open(name, 0));
  }

  /**
   * It asks not to be asked for so long.
   *
   * @param key of the caller whose call it answered so, with its tenant
   */
  cool(name: string, forMs: number, key?: string): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    startCooling(circuit, nowMs, forMs);
    circuit.cooledBy = key;
    circuit.cooledMs = nowMs;
    circuit.changedMs = nowMs;
    this.#tell(this.#store.cool(name, forMs));
  }

  #warm(name: string, circuit: Circuit): void {
    circuit.coolUntilMs = 0;
    circuit.probing = false;
    circuit.changedMs = this.#clock.monotonic();
    this.#tell(this.#store.warm(name));
  }

  /** Takes over what all replicas know. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const askedMs = this.#clock.monotonic();
    let states: Awaited<ReturnType<Circuits['states']>>;
    try {
      states = await this.#store.states();
      this.#health.works();
    } catch (error) {
      this.#health.failed(error);
      return;
    }
    const nowMs = this.#clock.monotonic();
    for (const [name, { openMs, coolingMs }] of states) {
      const circuit = this.#circuit(name);
      if (coolingMs !== undefined && nowMs + coolingMs > circuit.coolUntilMs) startCooling(circuit, nowMs, coolingMs);
      if (openMs === undefined || circuit.probing || circuit.changedMs >= askedMs) continue;
      if (circuit.openUntilMs === undefined) this.#onLevel(name, 2);
      circuit.openUntilMs = nowMs + openMs;
    }
    for (const [name, circuit] of this.#circuits) {
      const cools = circuit.coolUntilMs > nowMs && states.get(name)?.coolingMs === undefined;
      // another replica's call has tried it
      if (cools && circuit.changedMs < askedMs) circuit.coolUntilMs = 0;
      const open = circuit.openUntilMs !== undefined && states.get(name)?.openMs === undefined;
      // what this replica has just told the store may not have been there yet
      if (open && !circuit.probing && circuit.changedMs < askedMs) this.#close(name, circuit);
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
      if (this.#circuits.size >= MAX_CIRCUITS) this.#forgetOne();
      const window = new FailureWindow();
      const cooling = { coolUntilMs: 0, coolProbeMs: undefined, cooledBy: undefined, cooledMs: 0 };
      circuit = { window, openUntilMs: undefined, ...cooling, probing: false, askAgainMs: 0, changedMs: -1 };
      this.#circuits.set(name, circuit);
    }
    return circuit;
  }

  /** The one that was made first, of those that are closed. */
  #forgetOne(): void {
    for (const [name, { openUntilMs }] of this.#circuits) {
      if (openUntilMs !== undefined) continue;
      this.#circuits.delete(name);
      return;
    }
  }

  #tell(told: Promise<void>): void {
    told.then(
      () => this.#health.works(),
      (error: unknown) => this.#health.failed(error),
    );
  }
}

/** A cooldown that is over sooner than one that is known already changes nothing. */
function startCooling(circuit: Circuit, nowMs: number, forMs: number): void {
  if (nowMs + forMs <= circuit.coolUntilMs) return;
  const known = circuit.coolUntilMs > nowMs ? circuit.coolProbeMs : undefined;
  circuit.coolUntilMs = nowMs + forMs;
  circuit.coolProbeMs = forMs > LONG_COOLDOWN_MS ? (known ?? nowMs + PROBE_COOLDOWN_MS) : undefined;
}

/** Whether a call may try a target that cools for long: one of another key where possible. */
function mayProbeCooling({ coolProbeMs, cooledBy, cooledMs, probing }: Circuit, nowMs: number, key: string | undefined): boolean {
  if (coolProbeMs === undefined || probing || nowMs < coolProbeMs) return false;
  return cooledBy === undefined || key !== cooledBy || nowMs >= cooledMs + OWN_PROBE_MS;
}
