import { createHash } from 'node:crypto';
import { bufferOf, type LlmCall } from '@sluice/core';
import type { Target } from './model.ts';

const ENCRYPTED = Buffer.from('encrypted_content');

type Json = unknown;
const member = (value: Json, name: string): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)[name]
    : undefined;

/** Returns the text of an item, written as one string or as parts. */
function textOf(content: Json): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part: Json) => String(member(part, 'text') ?? '')).join('') : '';
}

/**
 * Returns an identifier that all turns of a conversation share: its first user message. Only for calls that request or contain
 * encrypted reasoning; undefined for every other call.
 */
export function encryptedConversation(call: LlmCall): string | undefined {
  if (call.dialect !== 'openai-responses' || call.operation !== 'chat') return undefined;
  if (!bufferOf(call.message.bytes).includes(ENCRYPTED)) return undefined;
  const { input } = call.message.json();
  const first = Array.isArray(input) ? input.find((item: Json) => member(item, 'role') === 'user') : input;
  return `${call.context.caller?.tenant ?? ''}\n${textOf(typeof first === 'string' ? first : member(first, 'content'))}`;
}

/**
 * Picks the target of a conversation by weighted rendezvous hashing. Only the account that made encrypted reasoning can read it
 * («The encrypted content could not be verified»). If a target is missing, only its own conversations move.
 *
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998; weights by Schindelhauer and
 * Schomaker, 2005.
 */
export function targetOfConversation(targets: readonly Target[], conversation: string): Target {
  const scoreOf = ({ name, weight }: Target): number => -weight / Math.log(fraction(`${name}\n${conversation}`));
  return targets.reduce((best, target) => (scoreOf(target) > scoreOf(best) ? target : best));
}

/** Returns a number between 0 and 1, both excluded, that depends only on the text. */
function fraction(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE(0) + 0.5) / 2 ** 32;
}
