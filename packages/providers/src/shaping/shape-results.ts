import type { Message, NeutralRequest, Part } from '@sluice/dialects';

type Result = Extract<Part, { type: 'tool_result' }>;

/**
 * Moves the results of calls directly behind their calls. A call without a result gets a placeholder, and a result without a
 * call becomes text. Providers refuse both, and callers of lenient dialects or interrupted turns send them.
 */
export function shapeResults(request: NeutralRequest): NeutralRequest {
  const { messages } = request;
  return isPaired(messages) ? request : { ...request, messages: paired(messages) };
}

const callIdsOf = ({ role, parts }: Message): string[] =>
  role === 'assistant' ? parts.flatMap((part) => (part.type === 'tool_call' ? [part.id] : [])) : [];

const isResult = (part: Part): part is Result => part.type === 'tool_result';

function isPaired(messages: readonly Message[]): boolean {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'assistant') {
      if (open.length > 0) return false;
      open = callIdsOf(message);
      continue;
    }
    for (const { callId } of message.parts.filter(isResult)) {
      const at = open.indexOf(callId);
      if (at === -1) return false;
      open.splice(at, 1);
    }
    if (open.length > 0 && !message.parts.every(isResult)) return false;
  }
  // the last calls may be pending
  return open.length === 0 || messages.at(-1)?.role === 'assistant';
}

function paired(messages: readonly Message[]): Message[] {
  const results = matched(messages);
  return messages.flatMap((message, n): Message[] => {
    const ids = callIdsOf(message);
    if (ids.length > 0) {
      const own = results.of.get(n) ?? [];
      const isLast = n === messages.length - 1;
      return isLast && own.length === 0 ? [message] : [message, { role: 'user', parts: inOrder(ids, own) }];
    }
    const parts = message.parts.flatMap((part): Part[] => {
      if (!isResult(part)) return [part];
      return results.orphans.has(part) ? [LOST, ...part.parts] : [];
    });
    return parts.length === 0 && message.parts.length > 0 ? [] : [{ ...message, parts }];
  });
}

const LOST: Part = { type: 'text', text: 'Result of a call that is not in the conversation:' };

/** Finds the message with the call of each result: the latest preceding call without a result, because ids may repeat. */
function matched(messages: readonly Message[]) {
  const unanswered = new Map<string, number[]>();
  const of = new Map<number, Result[]>();
  const orphans = new Set<Part>();
  for (const [n, message] of messages.entries()) {
    for (const id of callIdsOf(message)) unanswered.set(id, [...(unanswered.get(id) ?? []), n]);
    if (message.role === 'assistant') continue;
    for (const result of message.parts.filter(isResult)) {
      const at = unanswered.get(result.callId)?.pop();
      if (at === undefined) orphans.add(result);
      else of.set(at, [...(of.get(at) ?? []), result]);
    }
  }
  return { of, orphans };
}

/** Returns a result for each call, in the order of the calls. */
function inOrder(ids: readonly string[], results: readonly Result[]): Part[] {
  const remaining = [...results];
  return ids.map((callId) => {
    const at = remaining.findIndex((result) => result.callId === callId);
    const [found] = at === -1 ? [] : remaining.splice(at, 1);
    return found ?? { type: 'tool_result', callId, parts: [{ type: 'text', text: 'No result.' }] };
  });
}
