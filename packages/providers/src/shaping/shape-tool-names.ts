import type { NeutralRequest } from '@sluice/dialects';
import { mapParts } from './map-parts.ts';
import type { Shaping } from './shaping.ts';
import { fits, shortName } from './short-name.ts';

/** Shortens tool names that the model refuses. Calls in the answer get the caller's names back. */
export function shapeToolNames(request: NeutralRequest, { profile: { toolNames: rule }, toolNames }: Shaping): NeutralRequest {
  const { tools = [], toolChoice } = request;
  const called = request.messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_call' ? [part.name] : [])));
  const long = [...tools.map(({ name }) => name), ...called].filter((name) => !fits(name, rule));
  if (long.length === 0) return request;
  for (const name of long) toolNames.set(shortName(name, rule), name);
  const renamed = mapParts(request, (part) => (part.type === 'tool_call' ? { ...part, name: shortName(part.name, rule) } : part));
  return {
    ...renamed,
    ...(request.tools === undefined ? {} : { tools: tools.map((tool) => ({ ...tool, name: shortName(tool.name, rule) })) }),
    ...(typeof toolChoice === 'object' ? { toolChoice: { name: shortName(toolChoice.name, rule) } } : {}),
  };
}
