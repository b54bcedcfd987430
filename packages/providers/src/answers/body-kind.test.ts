import { describe, expect, it } from '@jest/globals';
import { bodyKind, isPartOfBom, isType, withoutBom } from './body-kind.ts';

describe('bodyKind', () => {
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
  ])('detects a body by its first bytes, %j: %s', (first, kind) => {
    expect(bodyKind(Buffer.from(first))).toBe(kind);
  });

  it('detects a body after a byte order mark, which may arrive in pieces', () => {
    const marked = Buffer.from('\ufeff{}');
    expect(withoutBom(marked).toString()).toBe('{}');
    expect(withoutBom(Buffer.from('{}')).toString()).toBe('{}');
    expect([1, 2, 3].map((length) => isPartOfBom(marked.subarray(0, length)))).toEqual([true, true, false]);
  });
});

describe('mediaType', () => {
  it('matches in any case, with or without parameters', () => {
    for (const type of ['text/event-stream', 'Text/Event-Stream; charset=utf-8', 'TEXT/EVENT-STREAM']) {
      expect(isType(type, 'text/event-stream')).toBe(true);
    }
    expect(isType('text/plain', 'text/event-stream')).toBe(false);
  });
});
