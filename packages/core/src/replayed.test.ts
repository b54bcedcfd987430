import { describe, expect, it } from '@jest/globals';
import { replayed } from './replayed.ts';
import { isStreamed } from './reply.ts';

const body = Buffer.from('data: 1\n\n');
const usage = { inputTokens: 1, outputTokens: 2 };

describe('replayed', () => {
  it('returns a whole response as it was stored', () => {
    const headers = { 'x-replayed': 'true' };
    const reply = replayed({ status: 200, contentType: 'application/json', body, streamed: false, headers });
    expect(reply).toEqual({ status: 200, contentType: 'application/json', headers, body });
  });

  it('returns a stream as one chunk and a finished end with its usage', async () => {
    const reply = replayed({ status: 200, contentType: 'text/event-stream', body, streamed: true, usage });
    if (!isStreamed(reply)) throw new Error('the reply is not a stream');
    const chunks: Uint8Array[] = [];
    for await (const chunk of reply.stream) chunks.push(chunk);
    expect(chunks).toEqual([body]);
    expect(await reply.stream.outcome).toEqual({ end: 'finished', usage });
  });
});
