import { asList, asString, isObject, type Json, type JsonObject } from '../neutral/read-json.ts';
import { readMark, SKIP_SIGNATURE } from '../neutral/sealed.ts';
import type { Unmarked, UnmarkOptions } from '../neutral/unmarked.ts';
import { field } from './fields.ts';

/**
 * Unwraps Gemini's own signatures. Call signatures of other providers are replaced by the documented marker, and their other
 * signatures are removed.
 */
export function unmarkContents(body: JsonObject, options: UnmarkOptions): Unmarked {
  const inner = field(body, 'generateContentRequest');
  if (isObject(inner)) {
    const { generate_content_request: _snake, ...rest } = body;
    return { body: { ...rest, generateContentRequest: unmarkContents(inner, options).body }, dropped: [] };
  }
  const contents = asList(body['contents']).flatMap((content) => unmarkContent(content, options));
  return { body: { ...body, contents }, dropped: [] };
}

function unmarkContent(content: Json, options: UnmarkOptions): Json[] {
  if (!isObject(content)) return [content];
  const given = content['parts'];
  const parts = (isObject(given) ? [given] : asList(given)).flatMap((part) => unmarkPart(part, options));
  // Gemini refuses a content without parts
  return parts.length === 0 ? [] : [{ ...content, parts }];
}

function unmarkPart(part: Json, { skipMarker }: UnmarkOptions): Json[] {
  const marked = readMark(asString(field(part, 'thoughtSignature')) ?? '');
  if (!isObject(part) || marked === undefined) return [part];
  const { thoughtSignature: _signature, thought_signature: _snake, ...rest } = part;
  if (marked.origin === 'gemini') return [{ ...rest, thoughtSignature: marked.data }];
  if (field(rest, 'functionCall') !== undefined) return [skipMarker ? { ...rest, thoughtSignature: SKIP_SIGNATURE } : rest];
  return rest['thought'] === true ? [] : [rest];
}
