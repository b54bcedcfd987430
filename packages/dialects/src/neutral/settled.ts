import { CallIds } from './call-ids.ts';
import type { Choice, FinishReason, NeutralReply } from './reply.ts';
import type { Part } from './request.ts';

/** Replaces `tool_calls` as the finish reason of an answer without calls: agents wait for a call that never comes. */
export const finishWith = (reason: FinishReason, calls: number): FinishReason =>
  reason === 'tool_calls' && calls === 0 ? 'stop' : reason;

/** The arguments of a call that has none. */
export const NO_ARGUMENTS = '{}';

/** Normalizes an answer for all dialects: unique call ids, arguments that are JSON, and a finish reason that agrees with the calls. */
export function settled(reply: NeutralReply): NeutralReply {
  return { ...reply, choices: reply.choices.map(settledChoice) };
}

function settledChoice(choice: Choice): Choice {
  const ids = new CallIds();
  let calls = 0;
  const parts = choice.parts.map((part): Part => {
    if (part.type !== 'tool_call') return part;
    calls++;
    return { ...part, id: ids.of(part.id), arguments: part.arguments.trim() === '' ? NO_ARGUMENTS : part.arguments };
  });
  return { ...choice, parts, finish: finishWith(choice.finish, calls) };
}
