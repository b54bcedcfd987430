/** A close frame's reason has at most 123 bytes (RFC 6455, section 5.5.1). */
const MAX_REASON_BYTES = 123;

/** Codes that report how a connection ended, and are never sent (RFC 6455, section 7.4.1). */
const NO_CODE = 1005;
const BROKE = 1006;
const TLS_FAILED = 1015;
/** The peer is not reachable any more. */
const INTERNAL_ERROR = 1011;

/** Faults in received messages that ws detects, with the code of the resulting close. */
const FAULTS: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
};
const PROTOCOL_ERROR = 1002;

/** Returns a valid close for a received or chosen one. A close without a code remains without one. */
export function sendableClose(
  code: number | undefined,
  reason: string,
): { readonly code: number | undefined; readonly reason: string } {
  if (code === undefined || code === NO_CODE) return { code: undefined, reason: '' };
  const sent = code === BROKE || code === TLS_FAILED || !isSendable(code) ? INTERNAL_ERROR : code;
  return { code: sent, reason: cut(reason) };
}

const isSendable = (code: number): boolean => (code >= 1000 && code <= 1014 && code !== 1004) || (code >= 3000 && code <= 4999);

/** Returns the close code for an error of ws: a connection that failed without a fault of the peer is broken. */
export function faultCode(error: Error): number {
  const { code = '' } = error as NodeJS.ErrnoException;
  return FAULTS[code] ?? (code.startsWith('WS_ERR_') ? PROTOCOL_ERROR : BROKE);
}

/** Truncates a text to the length of a close reason, between two characters. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_REASON_BYTES) return text;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
