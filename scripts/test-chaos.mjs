// Runs the fault tests (test/chaos) of Redis, providers, replicas and networks. The files run one after the other, because each
// needs the whole machine.
import { spawnSync } from 'node:child_process';

const options = {
  stdio: 'inherit',
  env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' },
};
const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], options);
if (types.status !== 0) process.exit(types.status ?? 1);
const given = process.argv.slice(2);
const named = given.some((option) => !option.startsWith('-'));
const jest = spawnSync('node_modules/.bin/jest', [...(named ? [] : ['test/chaos']), '--runInBand', ...given], options);
process.exit(jest.status ?? 1);
