import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Returns the files of the working tree that git does not ignore, relative to the repository. */
export function listFiles() {
  const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { encoding: 'utf8' });
  return output.split('\0').filter((file) => file !== '' && existsSync(file));
}

/** Returns the 1-based line of an offset in a text. */
export function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length;
}
