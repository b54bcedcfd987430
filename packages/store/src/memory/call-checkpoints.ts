import type { Clock } from '@sluice/core';
import type { CallCheckpoint, CallCheckpoints, Heartbeat } from '../ports/index.ts';

interface Replica {
  beatenAtMs: number;
  readonly calls: Map<string, string>;
}

/** The checkpoints of a single process. */
export class MemoryCallCheckpoints implements CallCheckpoints {
  readonly #clock: Clock;
  readonly #replicas = new Map<string, Replica>();
  readonly #beaten = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async heartbeat({ replica, calls }: Heartbeat): Promise<boolean> {
    const known = this.#replicas.get(replica);
    if (known === undefined && this.#beaten.delete(replica)) return false;
    const one = known ?? { beatenAtMs: 0, calls: new Map<string, string>() };
    one.beatenAtMs = this.#clock.now();
    for (const { callId, state } of calls) one.calls.set(callId, state);
    this.#replicas.set(replica, one);
    this.#beaten.add(replica);
    return true;
  }

  async end(replica: string, callId: string): Promise<boolean> {
    return this.#replicas.get(replica)?.calls.delete(callId) === true;
  }

  async deregister(replica: string): Promise<void> {
    this.#replicas.delete(replica);
    this.#beaten.delete(replica);
  }

  async claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]> {
    const latest = this.#clock.now() - silentForMs;
    const dead = [...this.#replicas].filter(([, { beatenAtMs }]) => beatenAtMs <= latest);
    for (const [replica] of dead) this.#replicas.delete(replica);
    return dead.flatMap(([, { calls }]) => [...calls].map(([callId, state]) => ({ callId, state })));
  }
}
