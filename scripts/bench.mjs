// Measures the gateway beside a bare pass-through: node scripts/toolchain.mjs bench [--quick] [--write]
//   --quick  shorter and fewer runs, for a first look
//   --write  puts the table into docs/performance.md
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(process.execPath, ['test/bench/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
