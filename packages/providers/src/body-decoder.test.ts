import * as zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { BodyIntake } from './body-intake.ts';

interface Taken {
  readonly kind: string | undefined;
  readonly body: Buffer;
  readonly failed: Error | undefined;
}

/** Takes a body in chunks of some bytes each. */
function take(encoding: string | undefined, bytes: Buffer, chunk = 1_000): Promise<Taken> {
  return new Promise((resolve) => {
    let kind: string | undefined;
    const chunks: Buffer[] = [];
    const done = (failed?: Error): void => resolve({ kind, body: Buffer.concat(chunks), failed });
    const intake = new BodyIntake(encoding, {
      beginBody: (detected) => {
        kind = detected;
      },
      takeBody: (one) => void chunks.push(one),
      endBody: () => done(),
      failBody: (error) => done(error),
    });
    for (let at = 0; at < bytes.length; at += chunk) intake.write(bytes.subarray(at, at + chunk));
    intake.end();
  });
}

const TEXT = Buffer.from(JSON.stringify({ list: Array.from({ length: 500 }, (_, n) => `word ${n * 7919}`) }));

describe('BodyDecoder', () => {
  it.each<[string, Buffer]>([
    ['gzip', zlib.gzipSync(TEXT)],
    ['GZIP', zlib.gzipSync(TEXT)],
    ['x-gzip', zlib.gzipSync(TEXT)],
    ['br', zlib.brotliCompressSync(TEXT)],
    ['zstd', zlib.zstdCompressSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
    ['deflate', zlib.deflateRawSync(TEXT)],
    ['br, gzip', zlib.gzipSync(zlib.brotliCompressSync(TEXT))],
    ['identity', TEXT],
    ['gzip', TEXT],
  ])('decodes a body in the coding %s for any chunk size', async (encoding, bytes) => {
    for (const chunk of [1, 7, 1_000, 100_000]) {
      const { kind, body, failed } = await take(encoding, bytes, chunk);
      expect([failed, kind, body.equals(TEXT)]).toEqual([undefined, 'object', true]);
    }
  });

  it('removes only the byte order mark from a body without a content coding', async () => {
    const { kind, body } = await take(undefined, Buffer.concat([Buffer.from('\ufeff'), TEXT]), 2);
    expect([kind, body.equals(TEXT)]).toEqual(['object', true]);
  });

  it.each(['compress', 'gzip, gzip, gzip'])('refuses a body with the content coding %s', async (encoding) => {
    const { failed } = await take(encoding, zlib.gzipSync(TEXT));
    expect(failed?.message).toContain('not known');
  });

  it('fails for a truncated body and for a body in an undeclared content coding', async () => {
    const bytes = zlib.gzipSync(TEXT);
    for (const one of [bytes.subarray(0, 200), Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(100, 7)])]) {
      expect((await take('gzip', one)).failed).toBeDefined();
    }
    expect((await take('br', TEXT)).failed).toBeDefined();
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', zlib.gzipSync],
    ['br', zlib.brotliCompressSync],
    ['zstd', zlib.zstdCompressSync],
    ['deflate', zlib.deflateSync],
  ])('fails for a decompression bomb in %s after a bounded number of bytes', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024, '{'));
    const { failed, body } = await take(encoding, bomb);
    expect(failed?.message).toContain('grows too much');
    expect(body.length).toBeLessThanOrEqual(1024 * 1024 + 100 * bomb.length);
  });

  it('detects no kind in a blank or empty body', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from(' \n')]) expect((await take(undefined, bytes)).kind).toBe('other');
  });
});
