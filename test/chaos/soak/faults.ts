import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@sluice/core';
import { Redis } from 'ioredis';
import type { FaultProxy } from '../../support/fault-proxy.ts';
import { type GatewayProcess, untilReady } from '../../support/gateway-process.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import type { Balancer } from '../balancer.ts';
import type { Stage } from '../stage.ts';

/** The parts that a fault may break. */
export interface Scene {
  readonly stage: Stage;
  /** The connection from the gateways to their provider. */
  readonly providerWay: FaultProxy;
  readonly front: Balancer;
  readonly random: Random;
  /** The running replicas that may be broken. */
  alive(): readonly GatewayProcess[];
  /** Called when a replica is killed: its calls in flight are lost, and its last completed calls may be lost. */
  onKilled(replica: GatewayProcess, atMs: number): void;
}

/** Breaks something for this time in milliseconds, and repairs it. */
export type Fault = (scene: Scene, forMs: number) => Promise<void>;

const oneOf = <T>({ random }: Pick<Scene, 'random'>, items: readonly T[]): T =>
  items[Math.floor(random.next() * items.length)] as T;

const way =
  (of: (scene: Scene) => FaultProxy, how: (way: FaultProxy) => void): Fault =>
  async (scene, forMs) => {
    const broken = of(scene);
    how(broken);
    await sleep(forMs);
    broken.restore();
  };
const state = ({ stage }: Scene): FaultProxy => stage.stateWay;
const cache = ({ stage }: Scene): FaultProxy => stage.cacheWay;
const provider = ({ providerWay }: Scene): FaultProxy => providerWay;

async function begin({ stage, front }: Scene): Promise<void> {
  const fresh = await stage.more();
  await untilReady(fresh);
  front.add(fresh);
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  'Redis: connection cut': way(state, (broken) => broken.cut()),
  'Redis: connections broken once': way(state, (broken) => broken.cutOnce()),
  'Redis: black hole': way(state, (broken) => broken.hang()),
  'Redis: 200 ms away': way(state, (broken) => broken.delay(200)),
  'Redis: half-open connections': way(state, (broken) => broken.halfOpen()),
  'Redis: one answer in a hundred lost': way(state, (broken) => broken.loseAnswers(0.01)),
  'Redis: process stopped': async ({ stage }, forMs) => {
    stage.state.process.kill('SIGSTOP');
    await sleep(forMs);
    stage.state.process.kill('SIGCONT');
  },
  'Redis: process killed, restarted with its data': async ({ stage }, forMs) => {
    const { port, folder, process } = stage.state;
    process.kill('SIGKILL');
    await sleep(forMs);
    stage.state = await startRedisServer(['--appendonly', 'yes', '--appendfsync', 'everysec'], port, folder);
  },
  'Redis: scripts forgotten': async ({ stage }, forMs) => {
    const client = new Redis(stage.state.url);
    for (const until = performance.now() + forMs; performance.now() < until; await sleep(250)) await client.script('FLUSH');
    client.disconnect();
  },
  'cache: connection cut': way(cache, (broken) => broken.cut()),
  'cache: black hole': way(cache, (broken) => broken.hang()),
  'provider: connections broken once': way(provider, (broken) => broken.cutOnce()),
  'provider: connection cut': (scene, forMs) => way(provider, (broken) => broken.cut())(scene, Math.min(forMs, 1_500)),
  'provider: 300 ms away': way(provider, (broken) => broken.delay(300)),
  'replica: killed': async (scene, forMs) => {
    const killed = oneOf(scene, scene.alive());
    killed.process.kill('SIGKILL');
    scene.onKilled(killed, performance.now());
    scene.front.remove(killed);
    await sleep(forMs);
    await begin(scene);
  },
  'replica: restarted': async (scene) => {
    const old = oneOf(scene, scene.alive());
    await begin(scene);
    await old.stop('SIGTERM');
    scene.front.remove(old);
  },
  'replica: stands still': async (scene, forMs) => {
    const { process } = oneOf(scene, scene.alive());
    process.kill('SIGSTOP');
    await sleep(Math.min(forMs, 1_500));
    process.kill('SIGCONT');
  },
};
