// Runs one of docs/examples/: node scripts/toolchain.mjs example caching-proxy
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const [name = ''] = process.argv.slice(2);
const file = `docs/examples/${name}.ts`;
if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync('docs/examples').filter((one) => one.endsWith('.ts') && one !== 'notebook-providers.ts');
  process.stderr.write(`example: expected one of ${names.map((one) => one.slice(0, -3)).join(', ')}\n`);
  process.exit(1);
}
process.exit(spawnSync(process.execPath, [file], { stdio: 'inherit' }).status ?? 1);
