import type { NeutralRequest } from '@sluice/dialects';
import { mapParts } from './map-parts.ts';
import type { Shaping } from './shaping.ts';
import { fits, shortName } from './short-name.ts';

/** Rewrites refused call ids, equally in calls and results. */
export function shapeCallIds(request: NeutralRequest, { profile: { callIds } }: Shaping): NeutralRequest {
  const known = new Map<string, string>();
  const idOf = (id: string): string => {
    const short = known.get(id) ?? shortName(id, callIds);
    known.set(id, short);
    return short;
  };
  const ids = request.messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'tool_call' ? [part.id] : part.type === 'tool_result' ? [part.callId] : [])),
  );
  if (ids.every((id) => fits(id, callIds))) return request;
  return mapParts(request, (part) => {
    if (part.type === 'tool_call') return { ...part, id: idOf(part.id) };
    return part.type === 'tool_result' ? { ...part, callId: idOf(part.callId) } : part;
  });
}
