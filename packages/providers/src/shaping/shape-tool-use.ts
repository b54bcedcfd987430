import { type Message, type NeutralRequest, type Part, type ToolCall, type ToolResult, unsupportedParam } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

/** Adapts the use of tools to a model without tools, without forced tools, or with one call per message. */
export function shapeToolUse(request: NeutralRequest, { profile: { tools: rule }, dropped }: Shaping): NeutralRequest {
  if (!rule.accepted) return withoutTools(request, dropped);
  const chosen = rule.forced ? request : unforced(request, dropped);
  return rule.single ? { ...chosen, messages: chosen.messages.flatMap(oneByOne(chosen.messages)) } : chosen;
}

/** Turns earlier calls and results into text. */
function withoutTools(
  { tools, toolChoice, parallelToolCalls: _parallel, ...request }: NeutralRequest,
  dropped: string[],
): NeutralRequest {
  const isForced = toolChoice === 'required' || typeof toolChoice === 'object';
  if (isForced && (tools?.length ?? 0) > 0) unsupportedParam('tool_choice', 'which has no tools');
  if ((tools?.length ?? 0) > 0 && toolChoice !== 'none') dropped.push('tools');
  return { ...request, messages: request.messages.map((message) => ({ ...message, parts: message.parts.flatMap(asText) })) };
}

function asText(part: Part): readonly Part[] {
  if (part.type === 'tool_call') return [{ type: 'text', text: `[call of ${part.name}: ${part.arguments}]\n` }];
  if (part.type !== 'tool_result') return [part];
  return [{ type: 'text', text: part.isError === true ? '[error of a call]\n' : '[result of a call]\n' }, ...part.parts];
}

/** Leaves the choice to the model, which gets only one tool if a tool was forced. */
function unforced(request: NeutralRequest, dropped: string[]): NeutralRequest {
  const { toolChoice, tools = [], ...rest } = request;
  if (toolChoice === undefined || toolChoice === 'auto' || tools.length === 0) return request;
  if (toolChoice === 'none') return rest;
  dropped.push('tool_choice');
  return { ...rest, tools: typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools };
}

/** Splits parallel calls into separate messages, each followed by its result. */
function oneByOne(messages: readonly Message[]): (message: Message, n: number) => Message[] {
  const isSplit = (message: Message | undefined): boolean => message?.role === 'assistant' && callsOf(message).length > 1;
  return (message, n) => {
    if (isSplit(messages[n - 1]) && message.role === 'user') {
      const rest = message.parts.filter(({ type }) => type !== 'tool_result');
      return rest.length === 0 ? [] : [{ ...message, parts: rest }];
    }
    if (!isSplit(message)) return [message];
    const results = messages[n + 1]?.parts.filter((part): part is ToolResult => part.type === 'tool_result') ?? [];
    const [first, ...others] = callsOf(message);
    const before = message.parts.filter(({ type }) => type !== 'tool_call');
    const turn = (call: ToolCall, parts: readonly Part[]): Message[] => {
      const result = results.find(({ callId }) => callId === call.id);
      const made: Message = { role: 'assistant', parts: [...parts, call] };
      return result === undefined ? [made] : [made, { role: 'user', parts: [result] }];
    };
    return [...(first === undefined ? [] : turn(first, before)), ...others.flatMap((call) => turn(call, []))];
  };
}

const callsOf = ({ parts }: Message): ToolCall[] => parts.filter((part): part is ToolCall => part.type === 'tool_call');
