// Writes the API reference of core, the proxies and the store's ports from their doc comments into api-reference/ (typedoc.json).
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('node_modules/.bin/typedoc', process.argv.slice(2), { stdio: 'inherit' });
process.exit(status ?? 1);
