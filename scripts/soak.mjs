// Breaks everything that can break, at random, under load: node scripts/toolchain.mjs soak --minutes 10 [--seed 42]
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(process.execPath, ['test/chaos/soak/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
