// Type-checks the tests and runs all of them, or those that the arguments select for jest.
// The fault tests (test/chaos) take minutes and have their own command: npm run test:chaos.
import { spawnSync } from 'node:child_process';

const options = {
  stdio: 'inherit',
  env: {
    ...process.env,
    SLUICE_CHAOS: '0',
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  },
};
const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], options);
if (types.status !== 0) process.exit(types.status ?? 1);
const jest = spawnSync('node_modules/.bin/jest', process.argv.slice(2), options);
process.exit(jest.status ?? 1);
