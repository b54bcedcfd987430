import { randomUUID } from 'node:crypto';

/** Gemini leaves a call's id out, where others need one to tell results apart. Ours are known by their beginning, and are not told to Gemini. */
const OWN = 'gcall_';

/** @param response the answer's own id, so that an answer read twice names its calls alike */
export const makeCallId = (response: string | undefined, n: number): string =>
  `${OWN}${(response === undefined || response === '' ? randomUUID() : response).replace(/[^\w-]/g, '').slice(0, 28)}_${n}`;

/** The id as Gemini knows it. */
export const callIdOf = (id: string): string | undefined => (id === '' || id.startsWith(OWN) ? undefined : id);
