// Checks formatting, lint rules and import rules.
import { spawnSync } from 'node:child_process';

const checks = [
  ['biome', ['check', '.']],
  ['depcruise', ['--config', '.dependency-cruiser.cjs', 'packages', 'services', 'test']],
];
let status = 0;
for (const [command, args] of checks) {
  status ||= spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' }).status ?? 1;
}
process.exit(status);
