import { randomInt } from 'node:crypto';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Returns a new secret: a prefix that secret scanners recognize, and 43 base-62 characters (256 bits). */
export const newSecret = (prefix: 'sk-sluice-' | 'sk-sluice-admin-'): string =>
  `${prefix}${Array.from({ length: 43 }, () => BASE62[randomInt(62)]).join('')}`;
