// Compares the gateway with a bare pass-through: node scripts/toolchain.mjs bench [--quick] [--gate] [--calls=N] [--write]
//   --quick    measures for two minutes only: calls, Redis, garbage, memory
//   --gate     fails if a measurement misses its goal (goals.ts)
//   --calls=N  number of calls of the memory measurement; one million by default
//   --write    writes the results to docs/performance.md and docs/measured/
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(process.execPath, ['test/bench/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
