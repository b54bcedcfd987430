import type { Clock } from '@sluice/core';
import {
  type LoadExchange,
  REPLICA_LEASE_MS,
  SPEED_DECAY_MS,
  type TargetLoads,
  type TargetReport,
  type TargetShare,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const EXCHANGE = new Script('exchange-loads');
const DEREGISTER = new Script('deregister-loads');

/** The script's values per target. */
const PARTS = 6;

/** Loads and permits over all replicas: one script per exchange for any number of targets. */
export class RedisTargetLoads implements TargetLoads {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #clock: Clock | undefined;

  /** @param clock instead of Redis' own, for tests alone */
  constructor(background: RedisClient, layout: KeyLayout, clock?: Clock) {
    this.#background = background;
    this.#layout = layout;
    this.#clock = clock;
  }

  async exchange(replica: string, reports: ReadonlyMap<string, TargetReport>): Promise<LoadExchange> {
    const { replicas, loads, loadOf, speeds } = this.#layout;
    const now = this.#clock === undefined ? '' : this.#clock.now() * 1_000;
    const args: (string | number)[] = [now, REPLICA_LEASE_MS, SPEED_DECAY_MS, replica];
    for (const [target, { inFlight, waiting, limit = -1, first, token, whole }] of reports) {
      const means = [first, token, whole].map((measured) => (measured === undefined ? '' : Math.round(measured.meanMs * 1_000)));
      args.push(target, inFlight, waiting, limit, ...means);
    }
    const answer = (await EXCHANGE.run(this.#background, [replicas, loads, loadOf, speeds], args)) as string[];
    const [replicaCount, ...parts] = answer;
    const shares = new Map([...reports.keys()].map((target, n) => [target, read(parts.slice(n * PARTS, (n + 1) * PARTS))]));
    return { replicas: Number(replicaCount), shares };
  }

  async deregister(replica: string): Promise<void> {
    const { replicas, loads, loadOf } = this.#layout;
    await DEREGISTER.run(this.#background, [replicas, loads, loadOf], [replica]);
  }
}

function read([inFlight, permits, first, token, whole, measured]: readonly string[]): TargetShare {
  const ms = (microseconds: string | undefined): number => Number(microseconds) / 1_000;
  return {
    inFlight: Number(inFlight),
    ...(permits === '-1' ? {} : { permits: Number(permits) }),
    ...(first === '' ? {} : { firstMs: ms(first) }),
    ...(token === '' ? {} : { tokenMs: ms(token) }),
    ...(whole === '' ? {} : { wholeMs: ms(whole) }),
    ...(measured === '' ? {} : { measuredMs: Number(measured) }),
  };
}
