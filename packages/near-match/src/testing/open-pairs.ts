import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The package of the pairs, CC BY 4.0. It is installed for a test and never copied into the repository. */
const PACKAGE = 'fow-cache==0.1.0';
const UNREACHABLE = /connection|timed out|name resolution|name or service|proxy|unreachable|certificate/i;

interface OpenPair {
  readonly id: string;
  readonly category: string;
  readonly style: string | null;
  readonly a: string;
  readonly b: string;
  readonly same_answer: boolean;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** Drops the first third of each group in the order of the SHA-1 of the id: those pairs are for other measurements. */
function openPart(pairs: OpenPair[]): OpenPair[] {
  const groups = Map.groupBy(pairs, ({ category, style }) => `${category}/${style}`);
  return [...groups.values()].flatMap((group) => {
    const sorted = group.sort((x, y) => (sha1(x.id) < sha1(y.id) ? -1 : 1));
    return sorted.slice(Math.floor(sorted.length / 3));
  });
}

/**
 * Installs the package into a temporary directory and returns its open pairs, or why it cannot: no Python, or PyPI is unreachable.
 * @throws if the installation fails for another reason
 */
export function installOpenPairs(): { pairs: OpenPair[] } | { unavailable: string } {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-pairs-'));
  try {
    const options = ['--quiet', '--no-deps', '--disable-pip-version-check', '--retries', '1', '--timeout', '10'];
    const pip = spawnSync('python3', ['-m', 'pip', 'install', ...options, '--target', directory, PACKAGE], { encoding: 'utf8' });
    if (pip.error !== undefined) return { unavailable: `python3 does not start: ${pip.error.message}` };
    if (pip.status !== 0 && UNREACHABLE.test(pip.stderr)) return { unavailable: 'PyPI is unreachable' };
    if (pip.status !== 0) throw new Error(`pip failed: ${pip.stderr}`);
    const lines = readFileSync(join(directory, 'fow_cache/data/pairs.jsonl'), 'utf8').trim().split('\n');
    return { pairs: openPart(lines.map((line): OpenPair => JSON.parse(line))) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
