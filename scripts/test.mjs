// Type-checks the tests and runs them: all, one group, or those that jest's own arguments select.
//   npm test                      every group but chaos, e2e and agents
//   npm test -- unit              tests beside the code, of packages/ and services/
//   npm test -- integration       test/integration: real Redis and real processes
//   npm test -- conformance       test/conformance: official SDKs as clients
//   npm test -- chaos             test/chaos: faults for minutes, one file after the other (also: npm run test:chaos)
//   npm test -- test/integration/audit -t 'one record'
import { spawnSync } from 'node:child_process';

const GROUPS = {
  unit: ['packages/', 'services/'],
  integration: ['test/integration/'],
  conformance: ['test/conformance/'],
  chaos: ['test/chaos/', '--runInBand'],
};
const [first = '', ...rest] = process.argv.slice(2);
const args = Object.hasOwn(GROUPS, first) ? [...GROUPS[first], ...rest] : process.argv.slice(2);

const options = {
  stdio: 'inherit',
  env: {
    ...process.env,
    // chaos tests run only by request: they take minutes and the whole machine
    SLUICE_CHAOS: args.some((arg) => arg.includes('test/chaos')) ? '1' : '0',
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  },
};
const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], options);
if (types.status !== 0) process.exit(types.status ?? 1);
const jest = spawnSync('node_modules/.bin/jest', args, options);
process.exit(jest.status ?? 1);
