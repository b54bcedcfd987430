import { randomUUID } from 'node:crypto';

/**
 * Prefix of generated call ids. Gemini omits call ids, which other dialects need to assign results. Generated ids are
 * recognized by the prefix and are not sent to Gemini.
 */
const OWN = 'gcall_';

/**
 * Returns a generated call id. @param response the response's id, so that a response that is read twice gets the same call ids
 */
export const makeCallId = (response: string | undefined, n: number): string =>
  `${OWN}${(response === undefined || response === '' ? randomUUID() : response).replace(/[^\w-]/g, '').slice(0, 28)}_${n}`;

/** Returns Gemini's own id of a call; undefined for a generated id. */
export const callIdOf = (id: string): string | undefined => (id === '' || id.startsWith(OWN) ? undefined : id);
