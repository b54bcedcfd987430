import { BINS } from './bins.ts';
import type { Candidate, SemanticLookup } from './semantic-lookup.ts';

/** What a client's feedback needs to know of an entry that served it. */
export type NamedEntry = Pick<SemanticLookup, 'space' | 'countsOf'> & {
  readonly candidate: Pick<Candidate, 'bin' | 'epoch' | 'decision'> & { readonly neighbour: { readonly id: string } };
};

const MAX_LENGTH = 1_024;
const NAMESPACE = /^[A-Za-z0-9._-]{0,64}$/;
/** A SHA-256 in base64url. */
const DIGEST = /^[\w-]{43}$/;
const MODEL = /^[\x21-\x7e][\x20-\x7e]{0,255}$/;
const EMBEDDINGS = /^[\x21-\x7e][\x20-\x7e]{0,255}\/\d{1,5}$/;

/** Names an entry for a client's feedback. The scope is not a part of it: it is that of the caller. */
export function entryName({ space, countsOf, candidate }: SemanticLookup): string {
  const { namespace, model, context } = space;
  const parts = [namespace, model, context, countsOf.embeddings, candidate?.neighbour.id, candidate?.bin, candidate?.epoch];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Reads the name of an entry in a caller's scope. Undefined for any other text. */
export function readEntryName(text: string, scope: string): NamedEntry | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 7) return undefined;
  const [namespace, model, context, embeddings, id, bin, epoch] = parts as unknown[];
  const areTexts = is(NAMESPACE, namespace) && is(MODEL, model) && is(DIGEST, context) && is(EMBEDDINGS, embeddings);
  if (!areTexts || !is(DIGEST, id) || !isNumberBelow(BINS, bin) || !isNumberBelow(Number.MAX_SAFE_INTEGER, epoch))
    return undefined;
  const of = { scope, namespace: namespace as string, model: model as string };
  return {
    space: { ...of, context: context as string },
    countsOf: { ...of, embeddings: embeddings as string },
    candidate: { neighbour: { id: id as string }, bin: bin as number, epoch: epoch as number, decision: 'serve' },
  };
}

const is = (pattern: RegExp, part: unknown): boolean => typeof part === 'string' && pattern.test(part);

const isNumberBelow = (end: number, part: unknown): boolean =>
  Number.isSafeInteger(part) && Number(part) >= 0 && Number(part) < end;
