/** Whether the tokens at an index begin with a sequence of words. */
export function matchesAt(tokens: readonly string[], index: number, sequence: readonly string[]): boolean {
  for (let n = 0; n < sequence.length; n++) if (tokens[index + n] !== sequence[n]) return false;
  return true;
}

/** Returns the number of tokens of the longest sequence that begins at an index, or 0. */
export function longestMatch(tokens: readonly string[], index: number, list: readonly (readonly string[])[]): number {
  let length = 0;
  for (const sequence of list) {
    if (sequence.length > length && matchesAt(tokens, index, sequence)) length = sequence.length;
  }
  return length;
}

/** Whether a set has a token. A missing token is in no set. */
export function has(set: ReadonlySet<string>, token: string | undefined): boolean {
  return token !== undefined && set.has(token);
}
