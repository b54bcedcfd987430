import { readFileSync } from 'node:fs';

/** Two questions, and whether they have the same answer. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
  /** Its line in the file, from 1. */
  readonly line: number;
}

/** A fault of the user's input. Its message says what to change. */
export class InputError extends Error {}

const EXAMPLE = '{"a": "Is it free?", "b": "What does it cost?", "same": false}';

/** Reads labelled pairs: a JSON object per line. Ignores empty lines and other fields. @throws InputError */
export function readPairs(file: string): Pair[] {
  const pairs = textOf(file)
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((text, n) => (text.trim() === '' ? [] : [pairOf(text, n + 1, file)]));
  if (pairs.length === 0) throw new InputError(`${file} has no pairs. Each line must be like ${EXAMPLE}`);
  return pairs;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new InputError(`The file ${file} does not exist.`);
    throw new InputError(`The file ${file} cannot be read: ${message}`);
  }
}

function pairOf(text: string, line: number, file: string): Pair {
  const refused = (reason: string): InputError =>
    new InputError(`${file}, line ${line}: ${reason}. A line must be like ${EXAMPLE}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('this is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('this is not a JSON object');
  const { a, b, same } = value as Record<string, unknown>;
  const found = Object.keys(value).join(', ') || 'none';
  const wrong = (field: string, type: string): InputError => refused(`"${field}" must be ${type} (fields: ${found})`);
  if (typeof a !== 'string' || a === '') throw wrong('a', 'a text');
  if (typeof b !== 'string' || b === '') throw wrong('b', 'a text');
  if (typeof same !== 'boolean') throw wrong('same', 'true or false');
  return { a, b, same, line };
}
