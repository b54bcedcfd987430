import type { NeutralReply, NeutralRequest, Part, Tool } from '@sluice/dialects';
import { sampleValue } from '@sluice/providers';
import { fileCall } from './file-call.ts';
import { progressOf, type Round } from './rounds.ts';

/** Replaces a reply's content by the script's round in the prompt, and keeps the reasoning. */
export function scripted(request: NeutralRequest, reply: NeutralReply): NeutralReply {
  const progress = progressOf(request);
  if (progress === undefined) return reply;
  const { round, results } = progress;
  const calls = round === undefined ? [] : callsOf(round, request.tools ?? []);
  // a client's side request, for a title or a summary, has other tools or none
  if (round !== undefined && calls.length === 0) return reply;
  const text =
    calls.length === 0 ? `The tools returned: ${results.join(', ')}` : `Calling ${calls.map(({ name }) => name).join(', ')}.`;
  const made = calls.map(
    ({ name, args }, n): Part => ({ type: 'tool_call', id: callId(reply.id, n), name, arguments: JSON.stringify(args) }),
  );
  return {
    ...reply,
    choices: reply.choices.map((choice) => ({
      parts: [...choice.parts.filter(({ type }) => type === 'reasoning'), { type: 'text', text }, ...made],
      finish: made.length === 0 ? 'stop' : 'tool_calls',
    })),
  };
}

const callId = (reply: string, n: number): string => `call_${reply}_${n}`.replace(/[^\w-]/g, '').slice(0, 40);

function callsOf(round: Round, tools: readonly Tool[]): readonly { readonly name: string; readonly args: unknown }[] {
  if (round.kind === 'write') {
    const call = fileCall(tools, round);
    return call === undefined ? [] : [call];
  }
  const named = round.tools.map((name) => tools.find((tool) => tool.name === name));
  return named.flatMap((tool) => (tool === undefined ? [] : [{ name: tool.name, args: sampleValue(tool.schema) }]));
}
