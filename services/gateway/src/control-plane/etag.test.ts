import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import { entityTagsOf, etagOf, requireVersion } from './etag.ts';

const record = { name: 'a' };
const tag = etagOf(record);
const requestWith = (header: string | undefined) => ({ headers: header === undefined ? {} : { 'if-match': header } }) as Request;

describe('If-Match', () => {
  it.each([[undefined], ['*'], [' * '], [tag], [`"other", ${tag}`], [`${tag},"a,b"`], [`"a,b" ,, ${tag} ,`], [`W/"x", ${tag}`]])(
    'accepts a change with If-Match %j',
    (header) => {
      expect(() => requireVersion(requestWith(header), record)).not.toThrow();
    },
  );

  it.each([['"other"'], [`W/${tag}`], [`"x", W/${tag}`], [`"${tag.slice(1, -1)},x"`]])(
    'refuses a change with If-Match %j',
    (header) => {
      expect(() => requireVersion(requestWith(header), record)).toThrow(expect.objectContaining({ status: 412 }));
    },
  );

  it.each([[''], [','], ['abc'], ['"abc'], ['"a" "b"'], ['*, "a"'], ['w/"a"'], ['"a b"']])(
    'responds with 400 to the malformed If-Match %j',
    (header) => {
      expect(() => entityTagsOf(header)).toThrow(expect.objectContaining({ status: 400, field: 'if-match' }));
    },
  );

  it('parses a long If-Match list in linear time', () => {
    expect(entityTagsOf(Array(10_000).fill('"x"').join(',')).length).toBe(10_000);
    expect(() => entityTagsOf(`${' '.repeat(10_000)}x`)).toThrow();
  });
});
