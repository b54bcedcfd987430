import { type Message, type NeutralRequest, type Part, unsupportedParam } from '@sluice/dialects';
import { mapParts } from './map-parts.ts';
import type { Shaping } from './shaping.ts';

/** Writes images in accepted types, omits unsupported cache marks, and adds reasoning if it is required. */
export function shapeParts(request: NeutralRequest, { profile }: Shaping): NeutralRequest {
  const { images, cacheMarks, reasoning, unsignedCalls, callSignatures } = profile;
  const marked = cacheMarks ? request : withoutMarks(request);
  const shown = mapParts(marked, (part) => shapeImage(part, images.types));
  const messages = reasoning.returned === 'with_calls' ? shown.messages.map(withReasoning) : shown.messages;
  return { ...shown, messages, unsignedCalls, ...(callSignatures === 'extra_content' ? {} : { callSignatures }) };
}

function withoutMarks(request: NeutralRequest): NeutralRequest {
  const unmarked = mapParts(request, (part) => {
    if (!('cache' in part)) return part;
    const { cache: _cache, ...rest } = part;
    return rest;
  });
  const { tools } = request;
  return tools === undefined ? unmarked : { ...unmarked, tools: tools.map(({ cache: _cache, ...tool }) => tool) };
}

/** Corrects the type of an image. `image/jpg` is not a registered type, but OpenAI accepts it, so that clients send it. */
function shapeImage(part: Part, types: readonly string[] | undefined): Part {
  if (part.type !== 'image' || part.source.kind !== 'base64') return part;
  const given = part.source.mediaType.toLowerCase();
  const mediaType = given === 'image/jpg' || given === 'image/pjpeg' ? 'image/jpeg' : given;
  if (types !== undefined && !types.includes(mediaType)) {
    unsupportedParam(`an image of type ${mediaType}`, `which takes ${types.join(', ')}`);
  }
  return { ...part, source: { ...part.source, mediaType } };
}

/** Adds blank reasoning to calls without reasoning, because empty reasoning is refused. */
function withReasoning(message: Message): Message {
  const { role, parts } = message;
  const calls = parts.some(({ type }) => type === 'tool_call');
  const reasons = parts.some((part) => part.type === 'reasoning' && part.text !== '');
  if (role !== 'assistant' || !calls || reasons) return message;
  return { ...message, parts: [{ type: 'reasoning', text: ' ' }, ...parts] };
}
