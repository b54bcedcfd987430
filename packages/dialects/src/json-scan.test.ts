import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { scanJson } from './json-scan.ts';

const bounds = (depth: number) => ({ depth, nodes: 1_000_000, values: 1_000_000 });
const scan = (text: string, wanted: string[] = ['model'], maxDepth = 64) =>
  scanJson(Buffer.from(text), new Set(wanted), bounds(maxDepth));
const slice = (text: string, key: string) => {
  const span = scan(text, [key]).spans.get(key);
  return span === undefined ? undefined : Buffer.from(text).toString('utf8', span.start, span.end);
};

/** Returns the number of members, objects and lists. */
function nodesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 1 : 1 + Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, one) => sum + nodesIn(one), own);
}

describe('scanJson', () => {
  it('finds a value whatever surrounds it', () => {
    expect(slice('{"model":"a"}', 'model')).toBe('"a"');
    expect(slice(' { "x" : [1,{"model":2}] , "model" : "b" } ', 'model')).toBe('"b"');
    expect(slice('{"model":{"a":[1,2]},"y":0}', 'model')).toBe('{"a":[1,2]}');
    expect(slice('{"n":"model","m":":"}', 'model')).toBeUndefined();
    expect(slice('{"text":"\\"model\\":\\"x\\\\","model":"c"}', 'model')).toBe('"c"');
  });

  it('finds a value under a name with escapes', () => {
    expect(slice('{"mod\\u0065l":"a"}', 'model')).toBe('"a"');
    expect(slice('{"mod\\u00":"a","x":1}', 'model')).toBeUndefined();
  });

  it('counts repeated members, including escaped names', () => {
    expect(scan('{"model":1,"model":2}').members).toBe(2);
    expect(scan('{"model":1,"mod\\u0065l":2}').members).toBe(2);
  });

  it('stops at a too deep nesting', () => {
    expect(scan(`{"a":${'['.repeat(64)}`, [], 64).depth).toBe(65);
    expect(scan(`{"a":${'['.repeat(10_000)}`, [], 64).depth).toBe(65);
    expect(scan(`{"a":"${'['.repeat(100)}"}`, [], 64).depth).toBe(1);
  });

  it('stops at too many members, objects, lists or values', () => {
    const stopped = (text: string, more: object) => scanJson(Buffer.from(text), new Set(), { ...bounds(64), ...more });
    for (const part of ['[],', '{},', '{"a":1},'])
      expect(stopped(`{"a":[${part.repeat(1_000)}1]}`, { nodes: 100 }).nodes).toBe(101);
    expect(stopped(`{${'"a":1,'.repeat(1_000)}"b":1}`, { nodes: 100 }).nodes).toBe(101);
    expect(stopped(`{"a":[${'1,'.repeat(1_000)}1]}`, { values: 100 }).values).toBe(101);
    expect(stopped(`{"a":"${'[{,:'.repeat(1_000)}"}`, { nodes: 100, values: 100 })).toMatchObject({ nodes: 2, values: 0 });
  });

  it('agrees with the parser about every object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const keys = Object.keys(object).filter((key) => JSON.stringify(key) === `"${key}"` && /^[\x20-\x7e]*$/.test(key));
        const found = scanJson(Buffer.from(text), new Set(keys), bounds(1_000));
        expect(found.members).toBe(Object.keys(object).length);
        expect(found.nodes).toBe(nodesIn(JSON.parse(text)));
        for (const key of keys) {
          const span = found.spans.get(key);
          expect(span).toBeDefined();
          const value = Buffer.from(text).toString('utf8', span?.start, span?.end);
          expect(JSON.parse(value)).toEqual(JSON.parse(JSON.stringify(object[key])));
        }
      }),
    );
  });

  it('accepts bytes that are not JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        scanJson(Buffer.from(bytes), new Set(['model']), bounds(64));
      }),
    );
  });
});
