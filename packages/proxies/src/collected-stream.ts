import type { StreamedReply } from '@sluice/core';

/** A stream's bytes, collected as they go by and given when it has finished; undefined where it grows too long or does not finish. */
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
