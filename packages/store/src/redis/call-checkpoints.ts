import type { Clock } from '@sluice/core';
import type { CallCheckpoint, CallCheckpoints, Heartbeat } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const BEAT = new Script('beat');
const TAKE_DEAD = new Script('take-dead');

/** Longer than it takes anybody to notice. */
const KEPT_MS = 86_400_000;

/** The long calls of all replicas: a hash each, and when each has beaten last. */
export class RedisCallCheckpoints implements CallCheckpoints {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #clock: Clock | undefined;
  /** Replicas with a heartbeat from here: a heartbeat of a replica that the store does not know is too late. */
  readonly #beaten = new Set<string>();

  /** @param clock instead of Redis' own, for tests alone */
  constructor(client: RedisClient, layout: KeyLayout, clock?: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#clock = clock;
  }

  async heartbeat({ replica, calls }: Heartbeat): Promise<boolean> {
    const first = this.#beaten.has(replica) ? 0 : 1;
    const states = calls.flatMap(({ callId, state }) => [callId, state]);
    const alive = (await BEAT.run(this.#client, this.#keysOf(replica), [replica, first, this.#now(), KEPT_MS, ...states])) === 1;
    if (alive) this.#beaten.add(replica);
    else this.#beaten.delete(replica);
    return alive;
  }

  async end(replica: string, callId: string): Promise<boolean> {
    return (await this.#client.hdel(this.#layout.inFlightCalls(replica), callId)) === 1;
  }

  async deregister(replica: string): Promise<void> {
    this.#beaten.delete(replica);
    await this.#client.zrem(this.#layout.inFlightReplicas, replica);
  }

  async claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]> {
    const replicas = await this.#client.zrangebyscore(this.#layout.inFlightReplicas, '-inf', '+inf');
    const taken: CallCheckpoint[] = [];
    for (const replica of replicas) {
      const calls = (await TAKE_DEAD.run(this.#client, this.#keysOf(replica), [replica, this.#now(), silentForMs])) as string[];
      for (let n = 0; n < calls.length; n += 2) taken.push({ callId: calls[n] as string, state: calls[n + 1] as string });
    }
    return taken;
  }

  #keysOf(replica: string): string[] {
    return [this.#layout.inFlightReplicas, this.#layout.inFlightCalls(replica)];
  }

  #now(): number | '' {
    return this.#clock === undefined ? '' : this.#clock.now() * 1_000;
  }
}
