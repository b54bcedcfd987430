/** The longest text with a normal form, in UTF-16 code units. Longer questions hardly ever repeat, and each costs CPU. */
export const MAX_CHARACTERS = 2_000;

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Zero-width space, word joiner, byte order mark, soft hyphen. */
const INVISIBLE = /[\u200b\u2060\ufeff\u00ad]/g;
/** A joiner next to a basic Latin character has no effect. In other scripts and in emoji it has one. */
const LATIN_JOINER = /(?<=[\x20-\x7e])[\u200c\u200d]+|[\u200c\u200d]+(?=[\x20-\x7e])/g;
const BLANK = /[\t\u00a0\u2000-\u200a\u202f\u3000]/g;
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const FULL_WIDTH_OFFSET = 0xfee0;
/** Controls, line ends, directional formats, unassigned and private characters, lone surrogates. */
const REFUSED = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Returns a text in one encoding of its characters, or undefined if its characters have a meaning that could be lost.
 * Superscripts, fractions and other compatibility characters are refused: "10²" is not "102".
 * Line ends are refused: in lists, verses and code they carry meaning.
 */
export function cleanText(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const trimmed = text.trim();
  if (PRINTABLE_ASCII.test(trimmed)) return trimmed;
  const cleaned = trimmed
    .replace(INVISIBLE, '')
    .replace(LATIN_JOINER, '')
    .replace(BLANK, ' ')
    .replace(FULL_WIDTH, (found) => String.fromCharCode(found.charCodeAt(0) - FULL_WIDTH_OFFSET))
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[\u2010\u2011]/g, '-')
    .replace(/\u2026/g, '...')
    .normalize('NFC')
    .trim();
  if (REFUSED.test(cleaned) || cleaned.normalize('NFKC') !== cleaned) return undefined;
  return cleaned;
}
