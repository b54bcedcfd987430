// Runs the Lua scripts against a Redis Cluster with the calls of a large number of tenants: node scripts/toolchain.mjs
// scale-sim [--tenants N] [--calls N] [--skew S] [--seed N] [--write]
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(process.execPath, ['test/scale-sim/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
