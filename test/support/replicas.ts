import { randomUUID } from 'node:crypto';
import type { ConfigFile } from '@sluice/config';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { type GatewayProcess, type GatewayProcessOptions, startGatewayProcess, untilReady } from './gateway-process.ts';

/** Several gateway processes with the same Redis, in front of the same simulator. */
export interface Replicas {
  readonly gateways: readonly GatewayProcess[];
  readonly simulator: RunningSimulator;
  /** The options of the running replicas, for starting another one like them. */
  readonly options: GatewayProcessOptions;
  stop(): Promise<void>;
}

/** @param config receives the simulator's address */
export async function startReplicas(
  count: number,
  config: (baseUrl: string) => ConfigFile,
  environment: Readonly<Record<string, string>> = {},
): Promise<Replicas> {
  const simulator = await startSimulator({ models: {} });
  const given = config(`${simulator.url}/v1`);
  // hides the keys of other tests in the same Redis
  const whole = { ...given, redis: { prefix: `test-${randomUUID()}`, ...given.redis } };
  const elsewhere = 'REDIS_CLUSTER' in environment || 'REDIS_SENTINEL' in environment;
  const redis = elsewhere ? {} : { REDIS_URL: process.env['TEST_REDIS_URL'] ?? '' };
  const options = { config: whole, environment: { ...redis, ...environment } };
  const gateways = await Promise.all(Array.from({ length: count }, () => startGatewayProcess(options)));
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
