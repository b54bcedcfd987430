import type { Clock } from '@sluice/core';
import type { CallCheckpoint, CallCheckpoints, Heartbeat } from '../ports/index.ts';
import { AuditShards } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const HEARTBEAT = new Script('heartbeat');
const CLAIM_ORPHANS = new Script('claim-orphans');

/** Time to live of checkpoints, in ms: an outage of all replicas may last for hours. */
const KEPT_MS = 86_400_000;

/**
 * One hash of checkpoints per replica, and in each shard of the audit trail a sorted set of its replicas by the time of their last
 * heartbeat. The shard is that of the replica's name, so that the checkpoints of many replicas load no single server.
 */
export class RedisCallCheckpoints implements CallCheckpoints {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #shards: AuditShards;
  readonly #clock: Clock | undefined;
  /** Replicas with a heartbeat from here: a heartbeat of a replica that the store does not know is too late. */
  readonly #known = new Set<string>();

  /** @param clock instead of Redis' own, for tests alone */
  constructor(client: RedisClient, layout: KeyLayout, clock?: Clock) {
    this.#client = client;
    this.#layout = layout;
    this.#shards = new AuditShards(client, layout);
    this.#clock = clock;
  }

  async heartbeat({ replica, calls }: Heartbeat): Promise<boolean> {
    await this.#shards.register();
    const first = this.#known.has(replica) ? 0 : 1;
    const states = calls.flatMap(({ callId, state }) => [callId, state]);
    const keys = this.#keysOf(this.#shards.of(replica), replica);
    const alive = (await HEARTBEAT.run(this.#client, keys, [replica, first, this.#now(), KEPT_MS, ...states])) === 1;
    if (alive) this.#known.add(replica);
    else this.#known.delete(replica);
    return alive;
  }

  async end(replica: string, callId: string): Promise<boolean> {
    return (await this.#client.hdel(this.#layout.inFlightCalls(this.#shards.of(replica), replica), callId)) === 1;
  }

  async deregister(replica: string): Promise<void> {
    this.#known.delete(replica);
    await this.#client.zrem(this.#layout.inFlightReplicas(this.#shards.of(replica)), replica);
  }

  async claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]> {
    const claimed: CallCheckpoint[] = [];
    const claims = (await this.#shards.all()).map((shard) => this.#claimIn(shard, silentForMs, claimed));
    const failed = (await Promise.allSettled(claims)).find(({ status }) => status === 'rejected');
    // what was claimed is in no other place any more
    if (failed?.status === 'rejected' && claimed.length === 0) throw failed.reason;
    return claimed;
  }

  /** Adds the checkpoints of a shard's silent replicas to a list. */
  async #claimIn(shard: AuditShard, silentForMs: number, claimed: CallCheckpoint[]): Promise<void> {
    const replicas = await this.#client.zrangebyscore(this.#layout.inFlightReplicas(shard), '-inf', '+inf');
    for (const replica of replicas) {
      const args = [replica, this.#now(), silentForMs];
      const calls = (await CLAIM_ORPHANS.run(this.#client, this.#keysOf(shard, replica), args)) as string[];
      for (let n = 0; n < calls.length; n += 2) claimed.push({ callId: calls[n] as string, state: calls[n + 1] as string });
    }
  }

  #keysOf(shard: AuditShard, replica: string): string[] {
    return [this.#layout.inFlightReplicas(shard), this.#layout.inFlightCalls(shard, replica)];
  }

  #now(): number | '' {
    return this.#clock === undefined ? '' : this.#clock.now() * 1_000;
  }
}
