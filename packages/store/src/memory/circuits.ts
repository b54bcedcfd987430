import type { Clock } from '@sluice/core';
import type { CircuitState, Circuits } from '../ports/index.ts';

/** Circuits of a single process, and of tests with several replicas in one process. */
export class MemoryCircuits implements Circuits {
  readonly #clock: Clock;
  readonly #open = new Map<string, number>();
  readonly #probing = new Map<string, number>();
  readonly #cooling = new Map<string, number>();
  readonly #probingCooldown = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async open(target: string, forMs: number): Promise<void> {
    this.#open.set(target, this.#clock.now() + forMs);
    this.#probing.delete(target);
    this.#notify();
  }

  async close(target: string): Promise<void> {
    this.#open.delete(target);
    this.#probing.delete(target);
    this.#notify();
  }

  async startCooldown(target: string, forMs: number): Promise<void> {
    const until = this.#clock.now() + forMs;
    this.#cooling.set(target, Math.max(until, this.#cooling.get(target) ?? 0));
    this.#notify();
  }

  async acquireProbe(target: string, forMs: number): Promise<boolean> {
    const openUntil = this.#open.get(target);
    if (openUntil === undefined) return true;
    const nowMs = this.#clock.now();
    if (openUntil > nowMs || (this.#probing.get(target) ?? 0) > nowMs) return false;
    this.#probing.set(target, nowMs + forMs);
    return true;
  }

  async acquireCooldownProbe(target: string, forMs: number): Promise<boolean> {
    const nowMs = this.#clock.now();
    if ((this.#probingCooldown.get(target) ?? 0) > nowMs) return false;
    this.#probingCooldown.set(target, nowMs + forMs);
    return true;
  }

  async endCooldown(target: string): Promise<void> {
    this.#cooling.delete(target);
    this.#probingCooldown.delete(target);
    this.#notify();
  }

  async states(): Promise<ReadonlyMap<string, CircuitState>> {
    const nowMs = this.#clock.now();
    for (const [target, until] of this.#cooling) {
      if (until > nowMs) continue;
      this.#cooling.delete(target);
      this.#probingCooldown.delete(target);
    }
    const states = new Map<string, CircuitState>();
    for (const [target, until] of this.#cooling) states.set(target, { coolingMs: until - nowMs });
    for (const [target, until] of this.#open) states.set(target, { ...states.get(target), openMs: Math.max(0, until - nowMs) });
    return states;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
