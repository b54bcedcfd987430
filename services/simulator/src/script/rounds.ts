import type { Message, NeutralRequest, Part } from '@sluice/dialects';

/** The model's action in one round: it calls several tools at once, or writes a file with a tool of the client. */
export type Round =
  | { readonly kind: 'calls'; readonly tools: readonly string[] }
  | { readonly kind: 'write'; readonly path: string; readonly text: string };

const ROUND = /\[\[([^[\]]+)\]\]/g;

/**
 * Reads the rounds of a prompt: one per `[[…]]`.
 *
 * @example `First [[lookup search]] then [[lookup]]` has two rounds, the first with two calls. `[[write /tmp/a.txt|text of the
 * file]]` has one.
 */
export function roundsIn(prompt: string): readonly Round[] {
  return [...prompt.matchAll(ROUND)].map(([, inner = '']): Round => {
    const write = /^write ([^|]+)\|(.*)$/s.exec(inner);
    if (write !== null) return { kind: 'write', path: write[1] as string, text: write[2] as string };
    return { kind: 'calls', tools: inner.trim().split(/\s+/) };
  });
}

/** Position of a conversation in its script. */
export interface Progress {
  /** Undefined after the last round. */
  readonly round: Round | undefined;
  /** Results of the previous round. */
  readonly results: readonly string[];
}

/** Returns the next round; undefined if the last prompt of the conversation contains none. */
export function progressOf({ messages }: NeutralRequest): Progress | undefined {
  const begin = messages.findLastIndex((message) => message.role === 'user' && roundsIn(promptOf(message)).length > 0);
  const prompt = messages[begin];
  if (prompt === undefined) return undefined;
  const since = messages.slice(begin + 1);
  // a prompt without rounds after an answer ends the script
  const answered = since.findLastIndex(({ role, parts }) => role === 'assistant' && !parts.some(isCall));
  if (since.slice(answered + 1).some((message) => answered >= 0 && message.role === 'user')) return undefined;
  const done = since.filter((message, n) => hasResults(message) && !hasResults(since[n - 1])).length;
  return { round: roundsIn(promptOf(prompt))[done], results: lastResults(since) };
}

const isCall = ({ type }: Part): boolean => type === 'tool_call';
const hasResults = (message: Message | undefined): boolean => message?.parts.some(({ type }) => type === 'tool_result') === true;
const textsOf = (parts: readonly Part[]): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
const promptOf = ({ parts }: Message): string => textsOf(parts);

/** Returns the results of the last round, which may be in separate messages. */
function lastResults(since: readonly Message[]): string[] {
  const first = since.findLastIndex(({ role }) => role === 'assistant') + 1;
  return since
    .slice(first)
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_result' ? [textsOf(part.parts)] : [])));
}
