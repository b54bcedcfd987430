import { isObject, parseJson } from '../neutral/read-json.ts';
import type { NeutralRequest, Part, Reasoning, ToolCall } from '../neutral/request.ts';
import { SKIP_SIGNATURE } from '../neutral/sealed.ts';

/** OpenRouter's name of Google's signatures. Source: OpenRouter's documentation, "Reasoning tokens", `format`. */
const FORMAT = 'google-gemini-v1';

/**
 * Assigns signatures to calls. Clients of other dialects return them before the call, as reasoning that only Google can read.
 */
export function withCallSignatures(parts: readonly Part[]): Part[] {
  const signed: Part[] = [];
  let waiting: string | undefined;
  for (const part of parts) {
    if (part.type === 'reasoning' && part.encrypted?.startsWith('gemini:') === true) waiting = part.encrypted;
    else if (part.type === 'tool_call' && part.signature === undefined && waiting !== undefined) {
      signed.push({ ...part, signature: waiting });
      waiting = undefined;
    } else {
      signed.push(part);
      // the signature of a text does not belong to a later call
      waiting = undefined;
    }
  }
  return signed;
}

/**
 * Writes Google's call signatures in the format that the model supports. The first of parallel calls gets the documented marker
 * if a signature is required and missing.
 */
export function signedParts(
  parts: readonly Part[],
  { callSignatures, unsignedCalls }: Pick<NeutralRequest, 'callSignatures' | 'unsignedCalls'>,
): readonly Part[] {
  const first = parts.findIndex(({ type }) => type === 'tool_call');
  if (first === -1) return parts;
  const needsMarker = unsignedCalls === 'skip_marker';
  const marked = parts.map((part, n) => {
    const lacks = n === first && part.type === 'tool_call' && part.signature === undefined && !hasDetail(parts, part);
    return lacks && needsMarker ? { ...part, signature: SKIP_SIGNATURE } : part;
  });
  if (callSignatures === undefined) return marked;
  const plain = marked.map((part) => (part.type === 'tool_call' ? withoutSignature(part) : part));
  if (callSignatures === 'refused') return plain;
  return [...marked.flatMap(detailOf), ...plain];
}

function withoutSignature({ signature: _signature, ...call }: ToolCall): ToolCall {
  return call;
}

function detailOf(part: Part): Reasoning[] {
  if (part.type !== 'tool_call' || part.signature === undefined) return [];
  const encrypted = JSON.stringify({ id: part.id, format: FORMAT, value: part.signature });
  return [{ type: 'reasoning', text: '', encrypted }];
}

/** Returns whether a detail from OpenRouter is the signature of a call. */
const hasDetail = (parts: readonly Part[], { id }: ToolCall): boolean =>
  parts.some((part) => {
    const detail = part.type === 'reasoning' && part.encrypted?.startsWith('{') === true ? parseJson(part.encrypted) : undefined;
    return isObject(detail) && (detail['id'] === id || detail['format'] === FORMAT);
  });
