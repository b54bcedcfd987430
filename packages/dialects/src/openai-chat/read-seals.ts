import type { DialectName } from '@sluice/core';
import { asString, type Json, member } from '../neutral/read-json.ts';
import { seal } from '../neutral/sealed.ts';

/** Whose signatures a detail has, as OpenRouter names it. Source: OpenRouter's documentation, "Reasoning tokens", `format`. */
const FORMATS: Readonly<Record<string, DialectName>> = {
  'anthropic-claude-v1': 'anthropic-messages',
  'google-gemini-v1': 'gemini',
  'openai-responses-v1': 'openai-responses',
};

/**
 * Reads the signature or the encrypted form of one of `reasoning_details`.
 *
 * @param answered whether a provider of this dialect has written it: then it is its own; of a caller's, one without a name may be anybody's
 */
export function readSeals(detail: Json, answered: boolean): { encrypted?: string; signature?: string } {
  const isEncrypted = member(detail, 'type') === 'reasoning.encrypted';
  const encrypted = isEncrypted ? sealed(asString(member(detail, 'data')), detail, answered) : undefined;
  const signature = sealed(asString(member(detail, 'signature')), detail, answered);
  return { ...(encrypted === undefined ? {} : { encrypted }), ...(signature === undefined ? {} : { signature }) };
}

function sealed(value: string | undefined, detail: Json, answered: boolean): string | undefined {
  if (answered) return seal('openai-chat', value);
  const format = asString(member(detail, 'format')) ?? '';
  if (Object.hasOwn(FORMATS, format)) return seal(FORMATS[format] as DialectName, value);
  return format === '' ? value : seal('openai-chat', value);
}

/** Reads the signature of a tool call, which Google's models make in this dialect too. */
export const readCallSignature = (call: Json): string | undefined =>
  seal('gemini', asString(member(member(member(call, 'extra_content'), 'google'), 'thought_signature')));
