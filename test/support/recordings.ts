import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Real providers' answers, where somebody has put them beside the project. */
const FOLDER = fileURLToPath(new URL('../../../shared/recorded/', import.meta.url));

/** `NAME.json` is a whole answer, `NAME.chunks.txt` a stream's events, the data of one a line. Empty where there are none. */
export function recordedFiles(): { name: string; text: string }[] {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(json|chunks\.txt)$/.test(file));
  return files.sort().map((name) => ({ name, text: readFileSync(`${FOLDER}${name}`, 'utf8') }));
}
