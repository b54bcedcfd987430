/**
 * Additions that models write around a name: Gemini and GPT a namespace (`default_api:f`, `functions.f`), gpt-oss the rest of
 * its format (`f<|channel|>commentary`).
 */
const AROUND = /^(?:default_api|functions|tools)[.:]|<\|.*$/g;

/** Returns the offered name that a model means, or the name itself if no offered name matches. */
export function offeredName(name: string, offered: ReadonlySet<string>): string {
  if (offered.has(name) || name === '') return name;
  const bare = name.replaceAll(AROUND, '').trim();
  if (offered.has(bare)) return bare;
  const alike = [...offered].filter((one) => one.toLowerCase() === bare.toLowerCase());
  return alike.length === 1 ? (alike[0] as string) : name;
}
