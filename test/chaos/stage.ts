import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { ask, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { DEFAULT_REDIS_TIMEOUT, type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { ensureRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts';

export interface StageOptions {
  readonly replicas: number;
  /** Returns the configuration. `byWay` is the address of a connection to the simulator that can break. */
  readonly config: (baseUrl: string, byWay: string) => ConfigFile;
  /** Makes the connection that can break. */
  readonly way?: (baseUrl: string) => Promise<string>;
  /** Options of the `redis-server` that stores the state. */
  readonly stateOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Gateways, two Redis servers and a simulated provider, with connections between them that can break. Each part is a process or
 * behaves like one.
 */
export interface Stage {
  readonly gateways: readonly GatewayProcess[];
  readonly simulator: RunningSimulator;
  readonly stateWay: FaultProxy;
  readonly cacheWay: FaultProxy;
  state: RedisServer;
  readonly cache: RedisServer;
  /** Starts another replica with the same configuration and additional environment variables. */
  more(environment?: Readonly<Record<string, string>>): Promise<GatewayProcess>;
  /** Returns a metric of a replica, summed over all series with these labels. */
  figure(gateway: GatewayProcess, name: string, labels?: object): Promise<number>;
  /** Calls each replica with each of these keys until the call succeeds. The replica then has the key in its memory. */
  warm(keys: readonly string[], model: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all parts. If one of them does not start, the others are stopped before the error is thrown. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const started: (() => Promise<unknown>)[] = [];
  try {
    return await startParts(options, started);
  } catch (error) {
    await Promise.allSettled(started.map((stop) => stop()));
    throw error;
  }
}

/**
 * Starts several parts at once. Returns or throws only after every start has ended, because a part that is still starting could
 * not be stopped.
 */
async function together<T extends readonly Promise<unknown>[]>(
  starts: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}

async function startParts(options: StageOptions, started: (() => Promise<unknown>)[]): Promise<Stage> {
  ensureRedisServer();
  const simulator = await startSimulator({ models: {} });
  started.push(() => simulator.close());
  const startState = async (stateOptions?: readonly string[]): Promise<RedisServer> => {
    const server = await startRedisServer(stateOptions);
    started.push(() => server.stop());
    return server;
  };
  const [state, cache] = await together([startState(options.stateOptions), startState()]);
  const startWay = async (port: number): Promise<FaultProxy> => {
    const way = await startFaultProxy(port);
    started.push(() => way.close());
    return way;
  };
  const [stateWay, cacheWay] = await together([startWay(state.port), startWay(cache.port)]);
  const baseUrl = `${simulator.url}/v1`;
  const byWay = (await options.way?.(baseUrl)) ?? baseUrl;
  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> => {
    const config = options.config(baseUrl, byWay);
    const gateway = await startGatewayProcess({
      config: { ...config, redis: { timeout: DEFAULT_REDIS_TIMEOUT, ...config.redis } },
      environment: {
        REDIS_URL: `redis://127.0.0.1:${stateWay.port}`,
        REDIS_CACHE_URL: `redis://127.0.0.1:${cacheWay.port}`,
        ...options.environment,
        ...environment,
      },
    });
    gateways.push(gateway);
    started.push(() => gateway.stop('SIGKILL'));
    return gateway;
  };
  const gateways: GatewayProcess[] = [];
  await together(Array.from({ length: options.replicas }, () => start()));
  await together(gateways.map(untilReady));
  const stage: Stage = {
    gateways,
    simulator,
    stateWay,
    cacheWay,
    state,
    cache,
    more: start,
    async figure({ adminUrl }, name, labels = {}) {
      return parseExposition(await (await fetch(`${adminUrl}/metrics`)).text()).sum(name, labels);
    },
    async warm(keys, model) {
      for (const { url } of gateways) {
        for (const key of keys) {
          await waitFor(
            async () => (await ask(url, chat(model, 'warm'), { key })).status === 200,
            `${key} to be known at ${url}`,
          );
        }
      }
    },
    async stop() {
      stateWay.restore();
      cacheWay.restore();
      for (const { process } of gateways) process.kill('SIGCONT');
      await Promise.all(gateways.map((gateway) => gateway.stop('SIGKILL')));
      await simulator.close();
      await Promise.all([stateWay.close(), cacheWay.close(), stage.state.stop(), cache.stop()]);
    },
  };
  return stage;
}
