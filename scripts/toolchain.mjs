// Runs a script of this folder with the Node.js, pnpm and packages that Sluice requires, and installs missing ones:
//   node scripts/toolchain.mjs start | sluice | test | test-chaos | e2e | lint | bench | cache-eval | scale-sim | soak | soak-limits | agents | docs-api | example [ARGUMENT ...]
// It requires Node.js 20 or newer and npm. It uses only Node's own modules, because no package is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const toolchain = join(root, '.toolchain');

const log = (text) => process.stderr.write(`sluice: ${text}\n`);
const fail = (text) => {
  log(text);
  process.exit(1);
};

/** Runs a command to its end, and shows its output only on failure. */
function run(what, command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(
    `${what} failed (${error?.message ?? `exit status ${status}`}). The output above shows the reason. Fix it and run the command again.`,
  );
}

/** Returns a digest of files, so that a later run can detect changes. */
function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Calls `work` unless it was called before for the same files. */
function once(mark, files, work) {
  const digest = digestOf(files);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return;
  work();
  writeFileSync(mark, digest);
}

function installToolchain() {
  once(join(toolchain, '.done'), ['scripts/toolchain/package.json', 'scripts/toolchain/package-lock.json'], () => {
    log(
      `installing pnpm${process.versions.node.startsWith(`${NODE_MAJOR}.`) ? '' : ` and Node.js ${NODE_MAJOR}`} from the npm registry`,
    );
    mkdirSync(toolchain, { recursive: true });
    cpSync(join(root, 'scripts/toolchain'), toolchain, { recursive: true });
    run('npm', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: toolchain,
      shell: process.platform === 'win32',
    });
  });
}

/** Returns the folder of a Node.js with the required major version. */
function nodeFolder() {
  if (process.versions.node.startsWith(`${NODE_MAJOR}.`)) return dirname(process.execPath);
  const modules = join(toolchain, 'node_modules');
  const found = readdirSync(modules).find((name) => name.startsWith('node-') && existsSync(join(modules, name, 'bin/node')));
  if (found === undefined)
    fail(
      `Node.js ${NODE_MAJOR} is required, and npm has no package for ${process.platform}-${process.arch}. Install it yourself.`,
    );
  return join(modules, found, 'bin');
}

function installPackages(environment) {
  const manifests = ['packages', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}/package.json`)
      .filter((file) => existsSync(join(root, file))),
  );
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  once(
    join(root, 'node_modules/.sluice-installed'),
    ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'test/package.json', 'docs/examples/package.json', ...manifests],
    () => {
      log('installing packages');
      const pnpm = join(toolchain, 'node_modules/.bin', process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm');
      run('pnpm install', pnpm, ['install', '--frozen-lockfile'], { env: environment, shell: process.platform === 'win32' });
    },
  );
}

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`Node.js ${process.versions.node} is too old. Version 20 or newer is required.`);
const [script, ...args] = process.argv.slice(2);
const file = join(root, 'scripts', `${script}.mjs`);
if (script === undefined || !existsSync(file)) fail(`there is no script '${script}' in scripts/`);

installToolchain();
const bin = nodeFolder();
const path = [bin, join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
const environment = { ...process.env, PATH: path };
installPackages(environment);
log('building');
run('the build', join(root, 'node_modules/.bin/tsc'), ['-b'], { env: environment, shell: process.platform === 'win32' });

// half of the collections of a nursery of 16 MB, for 25 MB of memory (docs/performance.md)
const flags = script === 'start' ? ['--max-semi-space-size=32'] : [];
// compiled code of the modules: a start compiles for half of its time otherwise
if (script === 'start') environment.NODE_COMPILE_CACHE ??= join(root, '.toolchain/compile-cache');
const child = spawn(join(bin, 'node'), [...flags, file, ...args], { cwd: root, env: environment, stdio: 'inherit' });
// Ctrl-C also reaches the child; a signal that is sent to this process does not
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
