// Runs the tests that break things: Redis, providers, replicas and networks. The same as `npm test -- chaos`, or the files that the arguments name.
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
const named = given.some((option) => !option.startsWith('-'));
const args = named ? ['--runInBand', ...given] : ['chaos', ...given];
const { status } = spawnSync(process.execPath, ['scripts/test.mjs', ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
