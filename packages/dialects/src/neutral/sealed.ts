import type { DialectName } from '@sluice/core';

/**
 * Signatures and encrypted thoughts can be read by the provider that made them and by nobody else, and others refuse a request that has them.
 * On their way through a caller of another dialect they carry the name of the dialect they come from, so that the next turn gives them back to
 * their own and leaves them away elsewhere. One without a name is the caller's own affair and is given to whoever is asked.
 */
const SEAL = /^(openai-responses|anthropic-messages|gemini|bedrock-converse):/;

/** What a provider of this dialect gave, marked as its. */
export const seal = (origin: DialectName, data: string): string => (SEAL.test(data) ? data : `${origin}:${data}`);

/** What a provider of this dialect is to be given back; undefined for what is not its own. */
export function unseal(reader: DialectName, sealed: string): string | undefined {
  const origin = SEAL.exec(sealed)?.[1];
  if (origin === undefined) return sealed;
  return origin === reader ? sealed.slice(origin.length + 1) : undefined;
}

/** The same for a caller: in its own dialect plainly, in every other with the mark. */
export const unsealOwn = (own: DialectName, sealed: string): string => unseal(own, sealed) ?? sealed;
