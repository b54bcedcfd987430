import { describe, expect, it } from '@jest/globals';
import { parseRequestJson } from './request-json.ts';

const parse = (text: string) => parseRequestJson(Buffer.from(text), new Set(['model']));

describe('parseRequestJson', () => {
  it.each([
    ['a list', `  [${'[],'.repeat(10)}{"model":"m"}]`, 'must be a JSON object'],
    ['1,001 fields', `{${Array.from({ length: 1_001 }, (_, n) => `"k${n}":1`).join()}}`, 'more than 1000 fields'],
    ['50,001 nodes', `{"x":[${'[],'.repeat(50_001)}1]}`, 'more than 50000 members'],
    ['320,001 values', `{"x":[${'1,'.repeat(320_001)}1]}`, 'more than 320000 values'],
    ['__proto__ below the top level', '{"x":[{"__proto__":1}]}', 'forbidden member: __proto__'],
    ['an escaped __proto__', '{"x":{"\\u005f_pr\\u006fto__":1}}', 'forbidden member: __proto__'],
    ['__proto__ after spaces', '{"x":{"a":"b","__proto__" : {}}}', 'forbidden member: __proto__'],
  ])('refuses %s', (_what, text, reason) => {
    expect(() => parse(text)).toThrow(reason);
  });

  it.each([
    ['texts that name __proto__', '{"model":"m","x":{"a":"__proto__"}}'],
    ['other names with an underscore', '{"model":"m","x":{"_a":1,"\\u005fb":2}}'],
    ['300,000 tokens of embeddings', `{"model":"m","input":[${'1,'.repeat(299_999)}1]}`],
  ])('accepts %s', (_what, text) => {
    expect(parse(text).value['model']).toBe('m');
  });
});
