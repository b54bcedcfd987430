import type { NeutralRequest, Tool } from '@sluice/dialects';
import type { Shaping } from './shaping.ts';

/** Declares the tools of calls in the history if the model requires it, and omits a choice without tools. */
export function shapeTools(request: NeutralRequest, { profile }: Shaping): NeutralRequest {
  const { tools: given = [], toolChoice: _choice, parallelToolCalls: _parallel, ...rest } = request;
  if (given.length > 0) return { ...request, tools: given.map(described) };
  if (!profile.tools.declaredForHistory) return rest;
  const names = new Set(
    request.messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_call' ? [part.name] : []))),
  );
  if (names.size === 0) return rest;
  const tools = [...names].map((name): Tool => ({ name, schema: { type: 'object', properties: {} } }));
  return { ...rest, tools, ...(profile.tools.choiceOfNone ? { toolChoice: 'none' as const } : {}) };
}

/** Omits a description without text, because Bedrock refuses it. */
function described({ description, ...tool }: Tool): Tool {
  return description === undefined || description.trim() === '' ? tool : { ...tool, description };
}
