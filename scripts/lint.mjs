// Checks formatting and lint rules (biome), the import boundaries (dependency-cruiser), and the repository's own rules (scripts/lint/).
import { spawnSync } from 'node:child_process';
import { checkClosures } from './lint/closures.mjs';
import { listFiles } from './lint/files.mjs';
import { checkLinks } from './lint/links.mjs';
import { checkProse } from './lint/prose.mjs';
import { checkSizes } from './lint/sizes.mjs';
import { checkTitles } from './lint/titles.mjs';

const COMMANDS = [
  ['biome', ['check', '.']],
  ['depcruise', ['--config', '.dependency-cruiser.cjs', 'packages', 'services', 'test']],
];
const failed = COMMANDS.filter(([name, args]) => spawnSync(`node_modules/.bin/${name}`, args, { stdio: 'inherit' }).status !== 0);

const files = listFiles();
const problems = [checkProse, checkTitles, checkLinks, checkSizes, checkClosures].flatMap((check) => check(files));
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error(`lint: ${problems.length} problems in texts, titles, links, sizes and closures`);
process.exit(failed.length + problems.length === 0 ? 0 : 1);
