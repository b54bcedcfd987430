import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs packages from npm into a folder and returns their versions. Changes nothing if the folder has them all. */
export function installAgents(folder: string, names: readonly string[]): ReadonlyMap<string, string> {
  if (names.some((name) => versionOf(folder, name) === undefined)) {
    process.stderr.write(`agents: installing ${names.join(', ')}\n`);
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const options = ['--no-audit', '--no-fund', '--loglevel=error'];
    const { status } = spawnSync('npm', ['install', ...options, ...names], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`npm install failed with exit code ${status}`);
  }
  return new Map(names.map((name) => [name, versionOf(folder, name) ?? '']));
}

function versionOf(folder: string, name: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    return version;
  } catch {
    return undefined;
  }
}
