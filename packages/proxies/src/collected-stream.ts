import type { StreamedReply } from '@sluice/core';

/**
 * Collects a stream's bytes as they pass. Resolves to them at the end, or to undefined if the stream is too long or does not
 * finish.
 */
export function collectedStream({ stream }: StreamedReply, maxBytes: number): Promise<Uint8Array | undefined> {
  let chunks: Uint8Array[] | undefined = [];
  let length = 0;
  stream.tap((bytes) => {
    length += bytes.length;
    if (length > maxBytes) chunks = undefined;
    chunks?.push(bytes);
  });
  return stream.outcome.then(({ end }) => {
    const whole = end === 'finished' && chunks !== undefined ? Buffer.concat(chunks) : undefined;
    chunks = undefined;
    return whole;
  });
}
