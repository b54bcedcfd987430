// Type-checks the tests and runs them: all, one group, or those that jest's own arguments select.
//   npm test                      every group but chaos, e2e and agents
//   npm test -- changed           unit tests in the folders with uncommitted changes, with a tenth of the random cases: seconds
//   npm test -- unit              tests beside the code, of packages/ and services/
//   npm test -- integration       test/integration: real Redis and real processes
//   npm test -- conformance       test/conformance: official SDKs as clients
//   npm test -- chaos             test/chaos: faults for minutes, one file after the other (also: npm run test:chaos)
//   npm test -- test/integration/audit -t 'one record'
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

/** Returns the folders of packages and services that have uncommitted changes. */
function changedFolders() {
  const { stdout } = spawnSync('git', ['status', '--porcelain', '--untracked-files=all'], { encoding: 'utf8' });
  const files = stdout.split('\n').map((line) => line.slice(3).replace(/^.* -> /, ''));
  return [...new Set(files.filter((file) => /^(packages|services)\//.test(file)).map((file) => `${dirname(file)}/`))];
}

const GROUPS = {
  changed: changedFolders,
  unit: () => ['packages/', 'services/'],
  integration: () => ['test/integration/'],
  conformance: () => ['test/conformance/'],
  chaos: () => ['test/chaos/', '--runInBand'],
};
const [first = '', ...rest] = process.argv.slice(2);
const args = Object.hasOwn(GROUPS, first) ? [...GROUPS[first](), ...rest] : process.argv.slice(2);
if (first === 'changed' && args.length === rest.length) {
  console.log('test: no file in packages/ or services/ has uncommitted changes');
  process.exit(0);
}

const options = {
  stdio: 'inherit',
  env: {
    ...process.env,
    // chaos tests run only by request: they take minutes and the whole machine
    SLUICE_CHAOS: args.some((arg) => arg.includes('test/chaos')) ? '1' : '0',
    ...(first === 'changed' ? { SLUICE_PROPERTY_RUNS: '0.1' } : {}),
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  },
};
const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], options);
if (types.status !== 0) process.exit(types.status ?? 1);
const jest = spawnSync('node_modules/.bin/jest', args, options);
process.exit(jest.status ?? 1);
