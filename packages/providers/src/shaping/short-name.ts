import { createHash } from 'node:crypto';
import type { NameRule } from '../profiles/model-profile.ts';

const OTHERS = { any: /(?!)/g, word: /[^A-Za-z0-9_-]/g, alphanumeric: /[^A-Za-z0-9]/g } as const;
const HASH_LENGTH = 8;

/** Returns whether a model accepts a name. */
export function fits(name: string, { characters, maxLength, exactLength }: NameRule): boolean {
  if (exactLength !== undefined && name.length !== exactLength) return false;
  return name.length <= (maxLength ?? name.length) && name.search(OTHERS[characters]) === -1;
}

/** Returns a hash of a text, in hexadecimal digits. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Returns a name that a model accepts. The result depends only on the name, so that the provider's prompt cache applies at
 * every turn.
 */
export function shortName(name: string, rule: NameRule): string {
  if (fits(name, rule)) return name;
  const { characters, maxLength, exactLength } = rule;
  const hash = hashOf(name);
  if (exactLength !== undefined) return hash.slice(0, exactLength);
  const plain = name.replace(OTHERS[characters], characters === 'word' ? '_' : '');
  const separator = characters === 'alphanumeric' ? '' : '_';
  const room = (maxLength ?? plain.length + HASH_LENGTH + 1) - HASH_LENGTH - separator.length;
  return `${plain.slice(0, Math.max(0, room))}${separator}${hash.slice(0, HASH_LENGTH)}`;
}
