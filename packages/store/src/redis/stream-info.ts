/** Parses a reply of XINFO, a list of alternating names and values. */
export function infoOf(reply: unknown): ReadonlyMap<string, unknown> {
  const list = reply as unknown[];
  return new Map(list.flatMap((name, n) => (n % 2 === 0 ? [[String(name), list[n + 1]] as const] : [])));
}
