import { randomInt } from 'node:crypto';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A prefix that secret scanners can tell apart, and 43 characters of 62: 256 bits that nobody guesses. */
export const newSecret = (prefix: 'sk-sluice-' | 'sk-sluice-admin-'): string =>
  `${prefix}${Array.from({ length: 43 }, () => BASE62[randomInt(62)]).join('')}`;
