import { asList, isObject, type JsonObject, SKIP_SIGNATURE } from '@sluice/dialects';

type Content = JsonObject & { readonly parts: readonly unknown[] };

/** Tests for a member. Proto JSON accepts names in camel case and in snake case. */
const has = (part: unknown, camel: string, snake: string): boolean =>
  isObject(part) && (part[camel] !== undefined || part[snake] !== undefined);
const isCall = (part: unknown): boolean => has(part, 'functionCall', 'function_call');
const isResult = (part: unknown): boolean => has(part, 'functionResponse', 'function_response');
const isSigned = (part: unknown): boolean => has(part, 'thoughtSignature', 'thought_signature');

const partsOf = (content: unknown): readonly unknown[] => asList(isObject(content) ? content['parts'] : undefined);
const holds = (content: unknown, is: (part: unknown) => boolean): boolean => partsOf(content).some(is);
const isModel = (content: unknown): boolean => isObject(content) && content['role'] === 'model';

/** Returns the number of consecutive contents with the same role, from an index on. */
function runLength(contents: readonly unknown[], at: number): number {
  let end = at + 1;
  while (end < contents.length && isModel(contents[end]) === isModel(contents[at])) end++;
  return end - at;
}

/** Joins the parts of contents, with the other members of the first one. */
const joined = (contents: readonly unknown[]): Content => ({
  ...(isObject(contents[0]) ? contents[0] : {}),
  parts: contents.flatMap(partsOf),
});

const count = (contents: readonly unknown[], is: (part: unknown) => boolean): number =>
  contents.reduce<number>((sum, content) => sum + partsOf(content).filter(is).length, 0);

/**
 * Joins parallel calls that arrived in separate events and that a client stored as separate turns. Gemini refuses them («Please
 * ensure that the number of function response parts is equal to the number of function call parts of the function call turn»).
 * Any other history is returned as the same list.
 */
export function joinedCalls(contents: readonly unknown[]): readonly unknown[] {
  let repaired: unknown[] | undefined;
  for (let at = 0; at < contents.length; ) {
    const length = runLength(contents, at);
    const run = contents.slice(at, at + length);
    const next = at + length < contents.length ? contents.slice(at + length, at + length + runLength(contents, at + length)) : [];
    const calls = count(run, isCall);
    const isSplit = isModel(contents[at]) && run.filter((content) => holds(content, isCall)).length > 1;
    const results = next.filter((content) => holds(content, isResult));
    if (isSplit && calls === count(results, isResult)) {
      repaired ??= contents.slice(0, at);
      repaired.push(joined(run), ...(results.length > 1 ? [joined(results)] : results));
      repaired.push(...next.filter((content) => !results.includes(content)));
      at += length + next.length;
    } else {
      repaired?.push(...run);
      at += length;
    }
  }
  return repaired ?? contents;
}

/**
 * Marks the first call of each content of the model in the current turn if it has no signature, because Gemini 3 refuses
 * unsigned calls.
 */
export function markedCalls(contents: readonly unknown[]): readonly unknown[] {
  const lastQuestion = contents.findLastIndex((content) => !isModel(content) && !holds(content, isResult));
  let marked: unknown[] | undefined;
  for (let n = lastQuestion + 1; n < contents.length; n++) {
    const content = contents[n];
    const parts = partsOf(content);
    const first = parts.findIndex(isCall);
    const call = parts[first];
    if (!isModel(content) || !isObject(content) || !isObject(call) || isSigned(call)) continue;
    marked ??= [...contents];
    marked[n] = { ...content, parts: parts.with(first, { ...call, thoughtSignature: SKIP_SIGNATURE }) };
  }
  return marked ?? contents;
}
