import { fc } from '@fast-check/jest';
import { describe, expect, it } from '@jest/globals';
import { boundaryOf, findModel, SecondModelWatch } from './multipart.ts';

const BOUNDARY = 'b-0';
const part = (head: string, value: string): string => `--${BOUNDARY}\r\n${head}\r\n\r\n${value}\r\n`;
const field = (name: string, value: string): string => part(`Content-Disposition: form-data; name="${name}"`, value);
const file = (value: string): string =>
  part('Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav', value);
const END = `--${BOUNDARY}--\r\n`;
const find = (text: string) => findModel(Buffer.from(text), BOUNDARY);

describe('boundaryOf', () => {
  it.each([
    ['multipart/form-data; boundary=b-0', 'b-0'],
    ['multipart/form-data;boundary="b 0"', 'b 0'],
    ['Multipart/Form-Data; charset=x; Boundary=b-0; x=y', 'b-0'],
    ['multipart/form-data', undefined],
    ['application/json; boundary=b', undefined],
    [undefined, undefined],
  ])('reads from the content type %s the boundary %s', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary);
  });
});

describe('findModel', () => {
  it.each([
    ['at the beginning', field('model', 'alias') + file('x') + END],
    ['after a file', file('x\r\n--b-1 y') + field('model', 'alias') + END],
    ['without quotes', part('content-disposition: form-data; name=model', 'alias') + END],
    [
      'with its headers in another order',
      part('Content-Type: text/plain\r\nContent-Disposition:form-data; name="model"', 'alias') + END,
    ],
  ])('finds the model part %s', (_where, text) => {
    const found = find(text);
    expect(found).toMatchObject({ model: 'alias' });
    if (typeof found === 'object') expect(text.slice(found.start, found.end)).toBe('alias');
  });

  it.each([
    ['the body has ended', file('x') + field('purpose', 'y') + END],
    ['the body uses another boundary', 'begun'],
    ['a file contains the text of a model part', file('name="model"\r\n\r\nalias') + END],
  ])('finds no model part when %s', (_why, text) => {
    expect(find(text)).toBeUndefined();
  });

  it('asks for more bytes until the model part is complete, wherever the bytes are split', () => {
    const text = file('x') + field('model', 'alias') + END;
    const end = text.indexOf('alias') + `alias\r\n--${BOUNDARY}`.length;
    for (let n = 0; n < end; n++) expect([n, find(text.slice(0, n))]).toEqual([n, 'more']);
    expect(find(text.slice(0, end))).toMatchObject({ model: 'alias' });
  });
});

describe('SecondModelWatch', () => {
  const passed = (pieces: readonly Buffer[]): string => {
    const watch = new SecondModelWatch(BOUNDARY, Buffer.alloc(0));
    return Buffer.concat([...pieces.map((piece) => watch.pass(piece)), watch.rest()]).toString();
  };
  const cut = (text: string, ...at: readonly number[]): Buffer[] => {
    const cuts = [0, ...at.map((n) => n % text.length).sort((a, b) => a - b), text.length];
    return cuts.slice(1).map((to, n) => Buffer.from(text.slice(cuts[n], to)));
  };
  const harmless = `\r\n${file('x --b-0 name="model" \r\n--b-')}${field('language', 'en')}${END}`;
  const second = `\r\n${file('x')}${field('model', 'other')}${END}`;

  it('forwards every byte of a body without a second model part, however it is split', () =>
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.nat(), (a, b, c) => passed(cut(harmless, a, b, c)) === harmless)));

  it.each([
    ['in plain form', second],
    ['in another spelling', `\r\n${part('content-disposition: form-data; NAME=model', 'other')}${END}`],
    ['in an extended form', `\r\n${part("content-disposition: form-data; name*=utf-8''model", 'other')}${END}`],
    ['with plain line feeds', second.replaceAll('\r', '')],
    ['with a file name', `\r\n${part('content-disposition: form-data; name="model"; filename="x"', 'other')}${END}`],
  ])('refuses a second model part %s, however the body is split', (_how, text) =>
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(() => passed(cut(text, a, b))).toThrow(expect.objectContaining({ code: 'invalid_request' }));
      }),
    ),
  );

  it('forwards no byte of a second model part', () => {
    const watch = new SecondModelWatch(BOUNDARY, Buffer.alloc(0));
    expect(() => watch.pass(Buffer.from(second))).toThrow();
  });
});
