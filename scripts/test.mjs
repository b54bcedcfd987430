// Type-checks the tests, and runs all of them, or those that the arguments name as jest wants it.
// What breaks things and measures what that costs (test/chaos) runs after the others and by itself: they would take its time.
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
const env = { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };
const jest = (options, more = {}) =>
  spawnSync('node_modules/.bin/jest', options, { stdio: 'inherit', env: { ...env, ...more } }).status ?? 1;

const types = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.test.json'], { stdio: 'inherit' });
if (types.status !== 0) process.exit(types.status ?? 1);
const named = given.some((option) => !option.startsWith('-'));
if (named) process.exit(jest(given));
const others = jest(given, { SLUICE_CHAOS: '0' });
// the report of the one must not be written over that of the other
const apart = given.map((option) => option.replace(/^(--outputFile=.*)\.json$/, '$1-chaos.json'));
const chaos = jest(['test/chaos', '--runInBand', ...apart]);
process.exit(others === 0 ? chaos : others);
