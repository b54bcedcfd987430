import type { JsonObject } from '@sluice/dialects';

/** What a provider of OpenAI's dialect does otherwise. It is about requests that the gateway writes; a caller of the same dialect is passed through as it is. */
export interface Quirks {
  /** Fields that it knows by another name. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Fields that it refuses: a wish that is dropped, with its name. */
  readonly drop?: readonly string[];
  /** Members of messages that it refuses. */
  readonly dropFromMessages?: readonly string[];
  /** It refuses the members of OpenAI's answers that clients return with them: `annotations`, `parsed`, and `refusal` and `audio` of null. */
  readonly plainMessages?: boolean;
  /** It has no role `developer`. */
  readonly systemForDeveloper?: boolean;
  /** It reports usage in streams unasked, and refuses to be asked. */
  readonly reportsStreamUsage?: boolean;
}

/** The gateway's own ways of asking: to leave them away takes nothing from the caller. */
const OWN: ReadonlySet<string> = new Set(['stream_options', 'top_logprobs']);

/** A request as this provider takes it. */
export function applyQuirks(
  { body, dropped }: { readonly body: JsonObject; readonly dropped: readonly string[] },
  quirks: Quirks,
): { readonly body: JsonObject; readonly dropped: readonly string[] } {
  const { rename = {}, drop = [], dropFromMessages = [], systemForDeveloper = false } = quirks;
  const missed: string[] = [];
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (drop.includes(name)) {
      if (!OWN.has(name)) missed.push(name);
      continue;
    }
    written[rename[name] ?? name] = value;
  }
  const { messages } = body;
  if (Array.isArray(messages) && (dropFromMessages.length > 0 || systemForDeveloper)) {
    written['messages'] = messages.map((message: JsonObject) => {
      const kept = Object.fromEntries(Object.entries(message).filter(([name]) => !dropFromMessages.includes(name)));
      return systemForDeveloper && kept['role'] === 'developer' ? { ...kept, role: 'system' } : kept;
    });
  }
  return { body: written, dropped: [...dropped, ...missed] };
}
