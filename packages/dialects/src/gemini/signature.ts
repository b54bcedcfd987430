import { asString, type Json } from '../neutral/read-json.ts';
import { seal } from '../neutral/sealed.ts';
import { field } from './fields.ts';

/** What stands for a signature of a call that another provider's model made. Source: Google's documentation, "Thought signatures". */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator';

/** Reads the signature of a part, marked with its origin; undefined for a part that has none. */
export function readSignature(part: Json): string | undefined {
  const given = asString(field(part, 'thoughtSignature'));
  return given === SKIP_SIGNATURE ? undefined : seal('gemini', given);
}
