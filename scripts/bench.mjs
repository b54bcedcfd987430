// Measures the gateway beside a bare pass-through: node scripts/toolchain.mjs bench [--quick] [--gate] [--calls=N] [--write]
//   --quick  what can be told in two minutes: calls, Redis, garbage, memory
//   --gate   fails where something is slower than what is let through (goals.ts)
//   --calls=N for how many calls memory is watched: a million if not given
//   --write  puts what was measured into docs/performance.md and docs/measured/
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(process.execPath, ['test/bench/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
