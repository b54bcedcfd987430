import type { JsonObject } from '@sluice/dialects';

/**
 * Deviations of a provider from OpenAI's dialect. They apply to requests that the gateway writes; requests of the same dialect
 * pass through unchanged.
 */
export interface Quirks {
  /** Fields with another name. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Optional fields that it refuses. They are dropped and listed. */
  readonly drop?: readonly string[];
  /** Members of messages that it refuses. */
  readonly dropFromMessages?: readonly string[];
  /**
   * Whether it refuses the members of OpenAI's answers that clients send back: `annotations`, `parsed`, and `refusal` and
   * `audio` of null.
   */
  readonly plainMessages?: boolean;
  /** Whether it lacks the role `developer`. */
  readonly systemForDeveloper?: boolean;
  /** Whether it always reports usage in streams, and refuses a request for it. */
  readonly reportsStreamUsage?: boolean;
}

/** Fields that the gateway adds itself. The caller loses nothing if they are dropped. */
const OWN: ReadonlySet<string> = new Set(['stream_options', 'top_logprobs']);

/** Returns a request that this provider accepts. */
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
