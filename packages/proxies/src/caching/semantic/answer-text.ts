import { bufferOf, type DialectName } from '@sluice/core';
import { canonicalJson, collectStream, DIALECTS, eventDecoder, isObject, type NeutralReply, parseJson } from '@sluice/dialects';
import type { CacheEntry } from '@sluice/store/ports';

/** Returns the text of a response. Undefined for a response with anything else, such as tool calls. */
export function answerText(dialect: DialectName, { body, streamed }: Pick<CacheEntry, 'body' | 'streamed'>): string | undefined {
  try {
    const reply = streamed ? replyOfStream(dialect, bufferOf(body)) : replyOfBody(dialect, bufferOf(body));
    const texts: string[] = [];
    for (const { parts } of reply?.choices ?? []) {
      for (const part of parts) {
        if (part.type === 'text') texts.push(part.text);
        else if (part.type !== 'reasoning') return undefined;
      }
    }
    return texts.length === 0 ? undefined : texts.join('\n');
  } catch {
    // a response that its own dialect cannot read has no text
    return undefined;
  }
}

const replyOfStream = (dialect: DialectName, body: Buffer): NeutralReply =>
  collectStream(DIALECTS[dialect], eventDecoder('sse'), body).reply;

function replyOfBody(dialect: DialectName, body: Buffer): NeutralReply | undefined {
  const value = parseJson(body.toString('utf8'));
  return isObject(value) ? DIALECTS[dialect].readReply(value) : undefined;
}

/** Marks of Markdown that do not change what a text says. */
const MARKS = /[*_`#>]+/g;

/**
 * Returns whether two texts are equal apart from case, white space, Markdown and a final dot; of JSON, apart from white space
 * and the order of members.
 */
export function isSameText(a: string, b: string): boolean {
  if (a === b || plain(a) === plain(b)) return true;
  const [first, second] = [parseJson(a), parseJson(b)];
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null) return false;
  return canonicalJson(Buffer.from(a)) === canonicalJson(Buffer.from(b));
}

const plain = (text: string): string =>
  text.normalize('NFKC').replace(MARKS, '').replace(/\s+/g, ' ').trim().replace(/[.!]$/, '').toLowerCase();
