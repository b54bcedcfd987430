import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isObject } from '../neutral/read-json.ts';
import { PartialArgs } from './partial-args.ts';

type Piece = Record<string, unknown>;

/** Yields the pieces of a value in the order of its text; a string has two pieces. */
function* piecesOf(value: unknown, path: string): Generator<Piece> {
  if (Array.isArray(value)) for (const [n, one] of value.entries()) yield* piecesOf(one, `${path}[${n}]`);
  else if (isObject(value)) for (const [name, one] of Object.entries(value)) yield* piecesOf(one, `${path}.${name}`);
  else if (typeof value === 'string') {
    const half = Math.ceil(value.length / 2);
    yield { jsonPath: path, stringValue: value.slice(0, half), willContinue: true };
    yield { jsonPath: path, stringValue: value.slice(half) };
  } else if (typeof value === 'number') yield { jsonPath: path, numberValue: value };
  else if (typeof value === 'boolean') yield { jsonPath: path, boolValue: value };
  else yield { jsonPath: path, nullValue: 'NULL_VALUE' };
}

const name = fc.stringMatching(/^[a-z]\w{0,6}$/);
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
// an empty container has no pieces, so this format cannot express it
const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 3 }),
  ),
}));

describe('PartialArgs', () => {
  it('assembles valid JSON from the pieces', () => {
    fc.assert(
      fc.property(fc.dictionary(name, tree, { minKeys: 1, maxKeys: 4 }), (args) => {
        const reader = new PartialArgs();
        const text = [...piecesOf(args, '$')].map((piece) => reader.add([piece])).join('') + reader.end();
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(args)));
      }),
    );
  });

  it('returns an empty object without any piece', () => {
    expect(new PartialArgs().end()).toBe('{}');
  });

  it('closes a text that its provider left incomplete', () => {
    const reader = new PartialArgs();
    const text = reader.add([{ jsonPath: '$.a[0].b', stringValue: 'x', willContinue: true }]) + reader.end();
    expect(JSON.parse(text)).toEqual({ a: [{ b: 'x' }] });
  });
});
