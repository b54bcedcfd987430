// Counts idioms in comments and Markdown: text that a reader has to decode instead of read.
import { readFileSync } from 'node:fs';
import { lineAt } from './files.mjs';
import { IDIOMS } from './idioms.mjs';

/** Idioms per 100 words: published packages of the field have 0.05 to 0.25. */
const MAX_DENSITY = 0.3;
const IDIOM = new RegExp(`\\b(${IDIOMS.map(({ pattern }) => pattern).join('|')})\\b`, 'gi');

/** Yields `{ line, text }` for each comment of a source file. */
function* comments(file, source) {
  if (file.endsWith('.lua')) {
    for (const [n, line] of source.split('\n').entries()) {
      const found = /--+(?!@)(.*)$/.exec(line);
      if (found) yield { line: n + 1, text: found[1] };
    }
    return;
  }
  for (const found of source.matchAll(/\/\*\*?(.*?)\*\//gs)) {
    const text = found[1].replace(/\n\s*\*?/g, ' ').replace(/```.*?```/gs, '');
    yield { line: lineAt(source, found.index), text };
  }
  for (const [n, line] of source.split('\n').entries()) {
    const found = /(?<![:"'`\w])\/\/(.*)$/.exec(line);
    if (found) yield { line: n + 1, text: found[1] };
  }
}

/** Yields `{ line, text }` for each comment of a file in which `#` begins a comment. */
function* hashComments(source) {
  for (const [n, line] of source.split('\n').entries()) {
    const found = /(?:^|\s)#(?!!)\s?(.*)$/.exec(line);
    if (found) yield { line: n + 1, text: found[1] };
  }
}

/** Yields `{ line, text }` for each line of a Markdown page outside code blocks. */
function* markdown(source) {
  const text = source.replace(/```.*?```/gs, (block) => '\n'.repeat(block.split('\n').length - 1));
  for (const [n, line] of text.split('\n').entries()) yield { line: n + 1, text: line };
}

function measure(kind, files, pieces) {
  let words = 0;
  const places = [];
  for (const file of files) {
    for (const { line, text } of pieces(file, readFileSync(file, 'utf8'))) {
      words += text.split(/\s+/).filter(Boolean).length;
      for (const [idiom] of text.matchAll(IDIOM)) places.push(`${file}:${line}: "${idiom}" in: ${text.trim().slice(0, 100)}`);
    }
  }
  const density = (100 * places.length) / Math.max(words, 1);
  if (density <= MAX_DENSITY) return [];
  return [
    ...places,
    `${kind}: ${density.toFixed(2)} idioms per 100 words, at most ${MAX_DENSITY} are allowed. scripts/lint/idioms.mjs has what to write instead.`,
  ];
}

/** Returns a problem per idiom if comments or Markdown have more of them than allowed. */
export function checkProse(files) {
  const sources = files.filter((file) => /\.(ts|mjs|lua)$/.test(file));
  const settings = files.filter((file) => /\.(ya?ml|conf)$|Dockerfile$|^\.ci\/run$/.test(file));
  const pages = files.filter((file) => file.endsWith('.md'));
  return [
    ...measure('comments', sources, comments),
    ...measure('comments of settings', settings, (_file, source) => hashComments(source)),
    ...measure('Markdown', pages, (_file, source) => markdown(source)),
  ];
}
