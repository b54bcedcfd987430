import { describe, expect, it } from '@jest/globals';
import { bodyKind, isPartOfBom, isType, withoutBom } from './body-kind.ts';

describe('what a body is', () => {
  it.each([
    ['data: {}', 'events'],
    ['data:{}', 'events'],
    ['event: x', 'events'],
    [': comment', 'events'],
    ['\n\n: comment', 'events'],
    ['id: 1', 'events'],
    ['retry: 10', 'events'],
    ['{"a":1}', 'object'],
    [' \r\n\t{', 'object'],
    ['[{', 'list'],
    ['<html>', 'other'],
    ['database', 'other'],
    ['\u0000\u0000', 'other'],
    ['', undefined],
    [' \n', undefined],
    ['dat', undefined],
    ['ev', undefined],
  ])('that begins with %j is told by that: %s', (first, kind) => {
    expect(bodyKind(Buffer.from(first))).toBe(kind);
  });

  it('is told without a byte order mark, which may come in pieces', () => {
    const marked = Buffer.from('\ufeff{}');
    expect(withoutBom(marked).toString()).toBe('{}');
    expect(withoutBom(Buffer.from('{}')).toString()).toBe('{}');
    expect([1, 2, 3].map((length) => isPartOfBom(marked.subarray(0, length)))).toEqual([true, true, false]);
  });
});

describe('a media type', () => {
  it('is the same in any case, with parameters or without', () => {
    for (const type of ['text/event-stream', 'Text/Event-Stream; charset=utf-8', 'TEXT/EVENT-STREAM']) {
      expect(isType(type, 'text/event-stream')).toBe(true);
    }
    expect(isType('text/plain', 'text/event-stream')).toBe(false);
  });
});
