import { randomUUID } from 'node:crypto';
import { type ConfigFile, checkConfig } from '@sluice/config';
import { type Gateway, startGateway as start } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import {
  ADMIN_KEY,
  type GatewayProcess,
  type GatewayProcessOptions,
  startGatewayProcess,
  untilReady,
} from './gateway-process.ts';

/** Several gateway processes with the same Redis, in front of the same simulator. */
export interface Replicas {
  readonly gateways: readonly GatewayProcess[];
  readonly simulator: RunningSimulator;
  /** The options of the running replicas, for starting another one like them. */
  readonly options: GatewayProcessOptions;
  stop(): Promise<void>;
}

export interface InProcessOptions {
  readonly replicas?: undefined;
  readonly config: ConfigFile;
}

export interface ReplicaOptions {
  readonly replicas: number;
  /** The configuration, or a function of the simulator's base address. */
  readonly config: ConfigFile | ((baseUrl: string) => ConfigFile);
  /** The address of Redis; by default the Redis of all tests, with a key prefix of its own. */
  readonly redis?: string;
  /** Further environment variables. `REDIS_CLUSTER` and `REDIS_SENTINEL` replace the address of Redis. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts what a test needs: a gateway in this process with an embedded store, or `replicas` processes with a shared Redis in
 * front of a simulator. `startGatewayProcess` starts one process without waiting until it is ready.
 *
 * @example
 * const gateway = await startGateway({ config: { providers: { up: { baseUrl: upstream.baseUrl } } } });
 * const { gateways, simulator } = await startGateway({ replicas: 3, config: (baseUrl) => ({ providers: { up: { baseUrl } } }) });
 */
export function startGateway(options: InProcessOptions): Promise<Gateway>;
export function startGateway(options: ReplicaOptions): Promise<Replicas>;
export function startGateway(options: InProcessOptions | ReplicaOptions): Promise<Gateway | Replicas> {
  return options.replicas === undefined ? startInProcess(options) : startReplicas(options);
}

function startInProcess({ config }: InProcessOptions): Promise<Gateway> {
  return start({
    host: '127.0.0.1',
    port: 0,
    adminPort: 0,
    adminKey: ADMIN_KEY,
    logLevel: 'silent',
    config: checkConfig(config, 'test'),
    configFile: undefined,
    demo: false,
    redis: undefined,
    environment: {},
  });
}

async function startReplicas({ replicas, config, redis, environment = {} }: ReplicaOptions): Promise<Replicas> {
  const simulator = await startSimulator({ models: {} });
  const given = typeof config === 'function' ? config(`${simulator.url}/v1`) : config;
  // hides the keys of other tests in the same Redis
  const isolated = { ...given, redis: { prefix: `test-${randomUUID()}`, ...given.redis } };
  const elsewhere = 'REDIS_CLUSTER' in environment || 'REDIS_SENTINEL' in environment;
  const address = elsewhere ? {} : { REDIS_URL: redis ?? process.env['TEST_REDIS_URL'] ?? '' };
  const options = { config: isolated, environment: { ...address, ...environment } };
  const gateways = await Promise.all(Array.from({ length: replicas }, () => startGatewayProcess(options)));
  await Promise.all(gateways.map(untilReady));
  return {
    gateways,
    simulator,
    options,
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await simulator.close();
    },
  };
}
