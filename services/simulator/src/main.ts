import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { simulatorSchema } from './behaviour.ts';
import { startSimulator } from './simulator.ts';

async function main(): Promise<void> {
  const { SIMULATOR_CONFIG: file, HOST: host = '127.0.0.1', PORT: port = '9000' } = process.env;
  const config = simulatorSchema.parse(file === undefined ? {} : parse(readFileSync(file, 'utf8')));
  const simulator = await startSimulator(config, host, Number(port));
  process.stdout.write(`simulator: listening on ${simulator.url}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.close().then(() => process.exit(0)));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`simulator: ${String(error)}\n`);
  process.exit(1);
});
