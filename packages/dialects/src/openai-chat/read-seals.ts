import type { DialectName } from '@sluice/core';
import { asString, isObject, type Json, type JsonObject, member, parseJson } from '../neutral/read-json.ts';
import { SKIP_SIGNATURE, seal } from '../neutral/sealed.ts';

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
  const encrypted = isEncrypted ? sealed('data', detail, answered) : undefined;
  const signature = sealed('signature', detail, answered);
  return { ...(encrypted === undefined ? {} : { encrypted }), ...(signature === undefined ? {} : { signature }) };
}

function sealed(name: 'data' | 'signature', detail: Json, answered: boolean): string | undefined {
  const value = asString(member(detail, name));
  if (value === undefined || value === '') return undefined;
  if (answered) return seal('openai-chat', packed(value, detail));
  const format = asString(member(detail, 'format')) ?? '';
  if (Object.hasOwn(FORMATS, format)) return seal(FORMATS[format] as DialectName, value);
  return format === '' ? value : seal('openai-chat', value);
}

/** Members by which OpenRouter assigns a detail to its call and to its provider. */
const KEPT = ['id', 'format', 'index'] as const;

/** Packs what has to come back with a value into it, as JSON. */
function packed(value: string, detail: Json): string {
  const kept = KEPT.filter((name) => member(detail, name) != null).map((name) => [name, member(detail, name)] as const);
  return kept.some(([name]) => name !== 'index') ? JSON.stringify({ ...Object.fromEntries(kept), value }) : value;
}

/** Returns the members of a detail whose value may be packed. @param name the member that has the value */
export function unpacked(name: 'data' | 'signature', value: string): JsonObject {
  const members = value.startsWith('{') ? parseJson(value) : undefined;
  if (!isObject(members)) return { [name]: value };
  const { value: inner, ...kept } = members;
  return { ...kept, [name]: inner };
}

/** Reads the signature of a tool call, which Google's models make in this dialect too. */
export function readCallSignature(call: Json): string | undefined {
  const given = asString(member(member(member(call, 'extra_content'), 'google'), 'thought_signature'));
  return given === SKIP_SIGNATURE ? undefined : seal('gemini', given);
}
