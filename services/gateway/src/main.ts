import { ConfigError } from '@sluice/config';
import { startGateway } from './gateway.ts';
import { configureHeap } from './lifecycle/heap.ts';
import { readSettings } from './lifecycle/settings.ts';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  configureHeap();
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

  let signals = 0;
  const stop = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals > 2) process.exit(1);
    const { drainMs, delayMs } = gateway.shutdown;
    if (signals === 1) logger.info('stopping: waiting for calls in flight', { signal, atMostMs: drainMs });
    else logger.warn('stopping at once: aborting calls in flight; a third signal exits immediately', { signal });
    // a gateway that is stopped with Ctrl-C has no load balancer in front of it
    const closing = gateway.close(drainMs, signal === 'SIGTERM' ? delayMs : 0);
    if (signals > 1) return;
    closing.then(
      // aborted calls are not a success
      () => process.exit(signals > 1 ? 1 : 0),
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
