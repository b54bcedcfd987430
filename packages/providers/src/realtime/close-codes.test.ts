import { describe, expect, it } from '@jest/globals';
import { faultCode, sendableClose } from './close-codes.ts';

describe('sendableClose', () => {
  it.each([
    ['a normal close', 1000, 1000],
    ['a close without a code', 1005, undefined],
    ['no code', undefined, undefined],
    ['a connection that broke', 1006, 1011],
    ['a failed TLS handshake', 1015, 1011],
    ['a reserved code', 1004, 1011],
    ["an application's code", 4001, 4001],
    ['a code of no range', 2999, 1011],
    ['a code beyond all ranges', 65_535, 1011],
  ])('sends %s (%s) as %s', (_what, code, sent) => {
    expect(sendableClose(code, 'why').code).toBe(sent);
  });

  it('cuts a reason to 123 bytes, between two characters', () => {
    const { reason } = sendableClose(1000, 'é'.repeat(100));
    expect(reason).toBe('é'.repeat(61));
  });
});

describe('faultCode', () => {
  it.each([
    ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
    ['WS_ERR_INVALID_UTF8', 1007],
    ['WS_ERR_INVALID_OPCODE', 1002],
    ['ECONNRESET', 1006],
  ])('reports %s as %s', (code, expected) => {
    expect(faultCode(Object.assign(new Error('x'), { code }))).toBe(expected);
  });
});
