import type { Clock } from '@sluice/core';
import type { CallCheckpoint, CallCheckpoints, Heartbeat } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const HEARTBEAT = new Script('heartbeat');
const CLAIM_ORPHANS = new Script('claim-orphans');

/** Time to live of checkpoints, in ms: an outage of all replicas may last for hours. */
const KEPT_MS = 86_400_000;

/** One hash of checkpoints per replica, and a sorted set of the replicas by the time of their last heartbeat. */
export class RedisCallCheckpoints implements CallCheckpoints {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #clock: Clock | undefined;
  /** Replicas with a heartbeat from here: a heartbeat of a replica that the store does not know is too late. */
  readonly #known = new Set<string>();

  /** @param clock instead of Redis' own, for tests alone */
  constructor(client: RedisClient, layout: KeyLayout, clock?: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#clock = clock;
  }

  async heartbeat({ replica, calls }: Heartbeat): Promise<boolean> {
    const first = this.#known.has(replica) ? 0 : 1;
    const states = calls.flatMap(({ callId, state }) => [callId, state]);
    const alive =
      (await HEARTBEAT.run(this.#client, this.#keysOf(replica), [replica, first, this.#now(), KEPT_MS, ...states])) === 1;
    if (alive) this.#known.add(replica);
    else this.#known.delete(replica);
    return alive;
  }

  async end(replica: string, callId: string): Promise<boolean> {
    return (await this.#client.hdel(this.#layout.inFlightCalls(replica), callId)) === 1;
  }

  async deregister(replica: string): Promise<void> {
    this.#known.delete(replica);
    await this.#client.zrem(this.#layout.inFlightReplicas, replica);
  }

  async claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]> {
    const replicas = await this.#client.zrangebyscore(this.#layout.inFlightReplicas, '-inf', '+inf');
    const claimed: CallCheckpoint[] = [];
    for (const replica of replicas) {
      const calls = (await CLAIM_ORPHANS.run(this.#client, this.#keysOf(replica), [
        replica,
        this.#now(),
        silentForMs,
      ])) as string[];
      for (let n = 0; n < calls.length; n += 2) claimed.push({ callId: calls[n] as string, state: calls[n + 1] as string });
    }
    return claimed;
  }

  #keysOf(replica: string): string[] {
    return [this.#layout.inFlightReplicas, this.#layout.inFlightCalls(replica)];
  }

  #now(): number | '' {
    return this.#clock === undefined ? '' : this.#clock.now() * 1_000;
  }
}
