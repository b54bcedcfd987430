import type { Clock } from '@sluice/core';
import type { CircuitState, Circuits } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Notifications } from './notifications.ts';
import { Script } from './script.ts';

const CHANGE = new Script('change-circuit');
const READ = new Script('read-circuits');

export interface RedisCircuitsOptions {
  readonly state: RedisClient;
  readonly background: RedisClient;
  readonly subscriber: RedisClient;
  readonly layout: KeyLayout;
  readonly wait: Wait;
  /** Instead of Redis' own clock, for tests alone. */
  readonly clock?: Clock;
}

/** One hash for all targets, and a channel for changes. */
export class RedisCircuits implements Circuits {
  readonly #options: RedisCircuitsOptions;
  readonly #changes: Notifications;

  constructor(options: RedisCircuitsOptions) {
    this.#options = options;
    this.#changes = new Notifications(options.subscriber, options.layout.circuitChannel);
  }

  async open(target: string, forMs: number): Promise<void> {
    await this.#change(this.#options.background, 'open', target, forMs);
  }

  async close(target: string): Promise<void> {
    await this.#change(this.#options.background, 'close', target, 0);
  }

  async startCooldown(target: string, forMs: number): Promise<void> {
    await this.#change(this.#options.background, 'start-cooldown', target, forMs);
  }

  async acquireProbe(target: string, forMs: number): Promise<boolean> {
    const { state, wait } = this.#options;
    return (await wait('probe', () => this.#change(state, 'probe', target, forMs))) === 1;
  }

  async acquireCooldownProbe(target: string, forMs: number): Promise<boolean> {
    const { state, wait } = this.#options;
    return (await wait('probe', () => this.#change(state, 'probe-cooldown', target, forMs))) === 1;
  }

  async endCooldown(target: string): Promise<void> {
    await this.#change(this.#options.background, 'end-cooldown', target, 0);
  }

  async states(): Promise<ReadonlyMap<string, CircuitState>> {
    const { background, layout } = this.#options;
    const parts = (await READ.run(background, [layout.circuits], [this.#now()])) as string[];
    const states = new Map<string, CircuitState>();
    for (let n = 0; n < parts.length; n += 3) {
      const [kind, target = '', ms] = parts.slice(n, n + 3);
      const known = kind === 'open' ? { openMs: Number(ms) } : { coolingMs: Number(ms) };
      states.set(target, { ...states.get(target), ...known });
    }
    return states;
  }

  onChange(listener: () => void): () => void {
    return this.#changes.onNews(() => listener());
  }

  #change(client: RedisClient, what: string, target: string, forMs: number): Promise<unknown> {
    const { layout } = this.#options;
    return CHANGE.run(client, [layout.circuits], [this.#now(), what, target, Math.ceil(forMs), layout.circuitChannel]);
  }

  #now(): number | '' {
    const { clock } = this.#options;
    return clock === undefined ? '' : clock.now() * 1_000;
  }
}
