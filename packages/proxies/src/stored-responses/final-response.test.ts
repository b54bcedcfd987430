import { fc, test } from '@fast-check/jest';
import { describe, expect, it } from '@jest/globals';
import { type LlmReply, ReplyStream, type StreamEnd } from '@sluice/core';
import { propertyRuns } from '@sluice/core/testing';
import { finalResponse } from './final-response.ts';

const response = { id: 'resp_1', status: 'completed', output: [{ type: 'message', id: 'msg_1' }] };
const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const stream = [
  event('response.created', { response: { id: 'resp_1', status: 'in_progress' } }),
  ...Array.from({ length: 40 }, (_, n) => event('response.output_text.delta', { delta: `word ${n}` })),
  event('response.output_text.delta', { delta: 'a text about "response.completed"' }),
  event('response.completed', { response }),
].join('');

function streamed(chunks: readonly string[], end: StreamEnd = 'finished'): LlmReply {
  const reply = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
  setImmediate(() => {
    for (const chunk of chunks) reply.push(Buffer.from(chunk));
    reply.finish({ end });
  });
  return { status: 200, contentType: 'text/event-stream', headers: {}, stream: reply };
}
const whole = (body: string): LlmReply => ({
  status: 200,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(body),
});

describe('finalResponse', () => {
  it('returns the response object of a whole reply', async () => {
    expect(await finalResponse(whole(JSON.stringify(response)), 1_000)).toEqual(response);
  });

  test.prop([fc.array(fc.nat(stream.length), { maxLength: 30 })], { numRuns: propertyRuns(50) })(
    'returns the response object of the last event, however the stream is chunked',
    async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const chunks = edges.slice(1).map((edge, n) => stream.slice(edges[n], edge));
      expect(await finalResponse(streamed(chunks), 100_000)).toEqual(response);
    },
  );

  it('returns the response object of the last event when the stream arrives byte by byte', async () => {
    expect(await finalResponse(streamed([...stream]), 100_000)).toEqual(response);
  });

  it('returns the object of an incomplete response', async () => {
    const incomplete = { ...response, status: 'incomplete' };
    expect(await finalResponse(streamed([event('response.incomplete', { response: incomplete })]), 1_000)).toEqual(incomplete);
  });

  it.each<[what: string, reply: LlmReply]>([
    ['a stream that fails', streamed([stream], 'failed')],
    ['a stream that the client cancels', streamed([stream], 'cancelled')],
    ['a stream without its last event', streamed([stream.slice(0, 500)])],
    ['a failed response', streamed([event('response.failed', { response })])],
    ['a whole answer that is too long', whole(JSON.stringify({ ...response, more: 'x'.repeat(2_000) }))],
    ['a whole answer that is not JSON', whole('<html>')],
    [
      'a last event that is too long',
      streamed([event('response.completed', { response: { ...response, more: 'x'.repeat(2_000) } })]),
    ],
  ])('returns undefined for %s', async (_what, reply) => {
    expect(await finalResponse(reply, 1_500)).toBeUndefined();
  });
});
