// Starts docker-compose.yml and tests it from outside. Requires a container engine.
import { spawnSync } from 'node:child_process';

const options = {
  stdio: 'inherit',
  env: { ...process.env, SLUICE_E2E: '1', NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' },
};
const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], { stdio: 'inherit' });
if (types.status !== 0) process.exit(types.status ?? 1);
const jest = spawnSync('node_modules/.bin/jest', ['test/e2e', ...process.argv.slice(2)], options);
process.exit(jest.status ?? 1);
