import type { DialectName } from '@sluice/core';
import { asString, isObject, type Json, type JsonObject, member, parseJson } from '../neutral/read-json.ts';
import { SKIP_SIGNATURE, tagSignature } from '../neutral/sealed.ts';

/**
 * Dialects of the signatures in details, by OpenRouter's names. Source: OpenRouter's documentation, "Reasoning tokens",
 * `format`.
 */
const FORMATS: Readonly<Record<string, DialectName>> = {
  'anthropic-claude-v1': 'anthropic-messages',
  'google-gemini-v1': 'gemini',
  'openai-responses-v1': 'openai-responses',
};

/**
 * Reads the signature or the encrypted form of an entry of `reasoning_details`.
 *
 * @param answered whether a provider of this dialect wrote it and thus owns the signature; a client's entry without a format
 * may come from any provider
 */
export function readSeals(detail: Json, answered: boolean): { encrypted: string | undefined; signature: string | undefined } {
  const isEncrypted = member(detail, 'type') === 'reasoning.encrypted';
  const encrypted = isEncrypted ? sealed('data', detail, answered) : undefined;
  const signature = sealed('signature', detail, answered);
  return { encrypted, signature };
}

function sealed(name: 'data' | 'signature', detail: Json, answered: boolean): string | undefined {
  const value = asString(member(detail, name));
  if (value === undefined || value === '') return undefined;
  if (answered) return tagSignature('openai-chat', packed(value, detail));
  const format = asString(member(detail, 'format')) ?? '';
  if (Object.hasOwn(FORMATS, format)) return tagSignature(FORMATS[format] as DialectName, value);
  return format === '' ? value : tagSignature('openai-chat', value);
}

/** Members that OpenRouter needs to assign a detail to its call and provider. */
const KEPT = ['id', 'format', 'index'] as const;

/** Packs a value and the members that must be returned with it into JSON. */
function packed(value: string, detail: Json): string {
  const kept = KEPT.filter((name) => member(detail, name) != null).map((name) => [name, member(detail, name)] as const);
  return kept.some(([name]) => name !== 'index') ? JSON.stringify({ ...Object.fromEntries(kept), value }) : value;
}

/** Returns the members of a detail with a possibly packed value. @param name the member that contains the value */
export function unpacked(name: 'data' | 'signature', value: string): JsonObject {
  const members = value.startsWith('{') ? parseJson(value) : undefined;
  if (!isObject(members)) return { [name]: value };
  const { value: inner, ...kept } = members;
  return { ...kept, [name]: inner };
}

/** Reads the signature of a tool call, which Google's models also create in this dialect. */
export function readCallSignature(call: Json): string | undefined {
  const given = asString(member(member(member(call, 'extra_content'), 'google'), 'thought_signature'));
  return given === SKIP_SIGNATURE ? undefined : tagSignature('gemini', given);
}
