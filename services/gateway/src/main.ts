import { ConfigError } from '@sluice/config';
import { startGateway } from './gateway.ts';
import { readSettings } from './settings.ts';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const gateway = await startGateway(settings);
  const { logger } = gateway;
  if (settings.demo) {
    logger.info(
      'This is a demonstration: three simulated providers (openai, anthropic, google), the API key sk-sluice-demo and the admin key ' +
        'sk-sluice-admin-demo. Write a sluice.yaml, or set OPENAI_API_KEY or ANTHROPIC_API_KEY, to call real ones.',
    );
  }
  const store = settings.redis === undefined ? 'in this process' : 'in Redis';
  logger.info('Sluice is listening', { url: gateway.url, adminUrl: gateway.adminUrl, state: store, node: process.version });

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      process.exit(1);
    }
    stopping = true;
    logger.info('stopping: calls under way may finish', { signal });
    gateway.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('stopping failed', { error: String(error) });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const text =
    error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`sluice: ${text}\n`);
  process.exit(1);
});
