// Reports which of your labelled pairs of questions the cache would serve: node scripts/toolchain.mjs cache-eval --pairs FILE
// [--gateway URL --key KEY --embeddings MODEL [--dimensions N]] [--json]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../test/cache-eval/main.ts', import.meta.url));
const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
