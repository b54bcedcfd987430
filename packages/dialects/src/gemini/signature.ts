import { asString, type Json } from '../neutral/read-json.ts';
import { SKIP_SIGNATURE, tagSignature } from '../neutral/sealed.ts';
import { field } from './fields.ts';

/** Reads the signature of a part, marked with its origin; undefined without a signature. */
export function readSignature(part: Json): string | undefined {
  const given = asString(field(part, 'thoughtSignature'));
  return given === SKIP_SIGNATURE ? undefined : tagSignature('gemini', given);
}
