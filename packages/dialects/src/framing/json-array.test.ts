import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonArrayElements } from './json-array.ts';

const elements = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });

describe('JsonArrayElements', () => {
  it('finds every element, however the chunks are split and the array is written', () => {
    fc.assert(
      fc.property(elements, fc.constantFrom(',', ',\r\n', '\n,\n'), fc.array(fc.nat(400)), (values, comma, places) => {
        const bytes = Buffer.from(`[${values.map((value) => JSON.stringify(value)).join(comma)}\n]`);
        const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const reader = new JsonArrayElements();
        const found = at.slice(1).flatMap((end, n) => reader.feed(bytes.subarray(at[n], end)));
        expect(found.map((one) => JSON.parse(one.toString('utf8')))).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it('returns an element as soon as it is complete', () => {
    const reader = new JsonArrayElements();
    expect(reader.feed(Buffer.from('[{"a":"}'))).toEqual([]);
    expect(reader.feed(Buffer.from('"}')).map(String)).toEqual(['{"a":"}"}']);
    expect(reader.feed(Buffer.from(', {"b":{}}')).map(String)).toEqual(['{"b":{}}']);
  });

  it('accepts any bytes without throwing', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void new JsonArrayElements().feed(Buffer.from(bytes))));
  });
});
