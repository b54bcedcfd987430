import { asString, type Json, member } from '../neutral/read-json.ts';
import { seal } from '../neutral/sealed.ts';

/** Reads the signature or the encrypted form of one of `reasoning_details`. */
export function readSeals(detail: Json): { encrypted?: string; signature?: string } {
  const isEncrypted = member(detail, 'type') === 'reasoning.encrypted';
  const encrypted = isEncrypted ? seal('openai-chat', asString(member(detail, 'data'))) : undefined;
  const signature = seal('openai-chat', asString(member(detail, 'signature')));
  return { ...(encrypted === undefined ? {} : { encrypted }), ...(signature === undefined ? {} : { signature }) };
}

/** Reads the signature of a tool call, which Google's models make in this dialect too. */
export const readCallSignature = (call: Json): string | undefined =>
  seal('gemini', asString(member(member(member(call, 'extra_content'), 'google'), 'thought_signature')));
