import { type ConfigFile, checkConfig } from '@sluice/config';
import { type Gateway, startGateway } from '@sluice/gateway';
import { ADMIN_KEY } from './gateway-process.ts';

/** Starts a gateway in this process with an embedded store, for tests that need no separate process. */
export function startGatewayHere(config: ConfigFile): Promise<Gateway> {
  return startGateway({
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
