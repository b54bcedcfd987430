import { describe, expect, it } from '@jest/globals';
import { Sealing } from './sealing.ts';

const bytes = Buffer.from('{"response":{"id":"resp_1"}}');

describe('Sealing', () => {
  const sealing = new Sealing('a secret of 32 characters or more');

  it('opens a sealed record and reveals nothing of it', () => {
    const sealed = sealing.seal(bytes, 'a resp_1');
    expect(sealed.includes('resp_1')).toBe(false);
    expect(sealing.seal(bytes, 'a resp_1').equals(sealed)).toBe(false);
    expect(sealing.open(sealed, 'a resp_1')).toEqual(bytes);
  });

  it.each<[what: string, open: (sealed: Buffer) => Buffer | undefined]>([
    ['another name', (sealed) => sealing.open(sealed, 'b resp_1')],
    ['another key', (sealed) => new Sealing('another secret of 32 characters..').open(sealed, 'a resp_1')],
    ['no key', (sealed) => new Sealing(undefined).open(sealed, 'a resp_1')],
    [
      'a changed byte',
      (sealed) => {
        const changed = Buffer.from(sealed);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        return sealing.open(changed, 'a resp_1');
      },
    ],
    ['fewer bytes than a seal has', (sealed) => sealing.open(sealed.subarray(0, 10), 'a resp_1')],
    ['no bytes', () => sealing.open(Buffer.alloc(0), 'a resp_1')],
  ])('opens nothing with %s', (_what, open) => {
    expect(open(sealing.seal(bytes, 'a resp_1'))).toBeUndefined();
  });

  it('opens a record that was stored without a key', () => {
    expect(sealing.open(new Sealing(undefined).seal(bytes, 'a resp_1'), 'a resp_1')).toEqual(bytes);
  });
});
