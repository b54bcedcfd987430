import { CallIds } from './call-ids.ts';
import type { Choice, FinishReason, NeutralReply } from './reply.ts';
import type { Part } from './request.ts';

/** Replaces the finish reason `tool_calls` of a reply without calls: agents would wait for a call that never arrives. */
export const finishWith = (reason: FinishReason, calls: number): FinishReason =>
  reason === 'tool_calls' && calls === 0 ? 'stop' : reason;

/** Arguments of a call without arguments. */
export const NO_ARGUMENTS = '{}';

/**
 * Normalizes a reply for all dialects: unique call ids, arguments that are JSON, and a finish reason that matches the calls.
 */
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
