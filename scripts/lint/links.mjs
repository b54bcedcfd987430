// Markdown links must lead to a file of the repository, and their anchors to a heading of it.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { lineAt } from './files.mjs';

const LINK = /\[[^\]]*\]\(([^)\s]+)(?: "[^"]*")?\)/g;
const withoutCode = (text) =>
  text.replace(/```.*?```/gs, (block) => block.replace(/[^\n]/g, ' ')).replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));

/** Returns the anchors that GitHub makes of a page's headings. */
function anchorsOf(page) {
  const counts = new Map();
  const anchors = new Set();
  const text = readFileSync(page, 'utf8').replace(/```.*?```/gs, '');
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replace(/ /g, '-');
    const seen = counts.get(slug) ?? 0;
    counts.set(slug, seen + 1);
    anchors.add(seen === 0 ? slug : `${slug}-${seen}`);
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

function problemOf(page, target) {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path, anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), decodeURI(path)));
  if (!existsSync(file)) return `there is no file ${file}`;
  if (anchor === undefined || !file.endsWith('.md') || statSync(file).isDirectory()) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

/** Returns a problem per Markdown link that does not resolve. */
export function checkLinks(files) {
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((page) => {
      const text = withoutCode(readFileSync(page, 'utf8'));
      return [...text.matchAll(LINK)].flatMap((found) => {
        const problem = problemOf(page, found[1]);
        return problem === undefined ? [] : [`${page}:${lineAt(text, found.index)}: ${problem}`];
      });
    });
}
