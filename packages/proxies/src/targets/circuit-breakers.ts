import { type Clock, type ConcernHealth, systemClock, unwatched } from '@sluice/core';
import type { Circuits } from '@sluice/store/ports';
import { type BreakerLimits, FailureWindow } from './failure-window.ts';

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

  availability(name: string): Availability {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined) return READY;
    const nowMs = this.#clock.monotonic();
    if (circuit.coolUntilMs > nowMs) return { kind: 'cooling', forMs: circuit.coolUntilMs - nowMs };
    if (circuit.openUntilMs === undefined) return READY;
    if (circuit.openUntilMs > nowMs) return { kind: 'open', forMs: circuit.openUntilMs - nowMs };
    if (!circuit.probing && circuit.askAgainMs <= nowMs) return DUE;
    return { kind: 'open', forMs: Math.max(ASK_AGAIN_MS, circuit.askAgainMs - nowMs) };
  }

  /** Asks whether the caller is the one to try a target that is due. It tells afterwards how that went: one of `succeeded`, `failed`, `undecided`. */
  async tryProbe(name: string): Promise<boolean> {
    const circuit = this.#circuit(name);
    if (circuit.probing || this.availability(name).kind !== 'due') return false;
    circuit.probing = true;
    try {
      const granted = await this.#store.probe(name, PROBE_LEASE_MS);
      this.#health.works();
      if (granted) this.#onLevel(name, 1);
      else circuit.probing = false;
      circuit.askAgainMs = this.#clock.monotonic() + ASK_AGAIN_MS;
      return granted;
    } catch (error) {
      this.#health.failed(error);
      // nobody else can be asked
      return true;
    }
  }

  /** @param probe whether it was the call that tried a target which was open: others that were under way say nothing of how it is now */
  succeeded(name: string, probe: boolean): void {
    const circuit = this.#circuits.get(name);
    // a target is known from its first failure on; the calls before it are not missed for long
    if (circuit === undefined) return;
    circuit.window.succeeded(this.#settings(), this.#clock.monotonic());
    if (circuit.openUntilMs === undefined || !probe) return;
    this.#close(name, circuit);
    this.#tell(this.#store.close(name));
  }

  /** @param probe as in `succeeded` */
  failed(name: string, probe: boolean): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    const settings = this.#settings();
    const tooMany = circuit.window.failed(settings, nowMs);
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

  /** It wants to be left alone for so long. */
  cool(name: string, forMs: number): void {
    const circuit = this.#circuit(name);
    const nowMs = this.#clock.monotonic();
    circuit.coolUntilMs = Math.max(circuit.coolUntilMs, nowMs + forMs);
    circuit.changedMs = nowMs;
    this.#tell(this.#store.cool(name, forMs));
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
      if (coolingMs !== undefined) circuit.coolUntilMs = Math.max(circuit.coolUntilMs, nowMs + coolingMs);
      if (openMs === undefined || circuit.probing || circuit.changedMs >= askedMs) continue;
      if (circuit.openUntilMs === undefined) this.#onLevel(name, 2);
      circuit.openUntilMs = nowMs + openMs;
    }
    for (const [name, circuit] of this.#circuits) {
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
      circuit = { window, openUntilMs: undefined, coolUntilMs: 0, probing: false, askAgainMs: 0, changedMs: -1 };
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
