// Runs the Lua scripts against a Redis Cluster with the calls of a large number of tenants: node scripts/toolchain.mjs
// scale-sim [--tenants N] [--calls N] [--skew S] [--seed N] [--write]
// With `hot-tenant` as the first argument, against one Redis with the calls of one tenant: scale-sim hot-tenant [--seconds N] [--rate N]
// [--replicas N] [--seed N] [--write]
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
const [file, args] = given[0] === 'hot-tenant' ? ['hot-tenant/main.ts', given.slice(1)] : ['main.ts', given];
const { status } = spawnSync(process.execPath, [`test/scale-sim/${file}`, ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
