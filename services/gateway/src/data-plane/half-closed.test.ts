import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { HalfClosedWatch, type OpenResponse } from './half-closed.ts';

/** Sends requests on one connection, closes the client's side, and returns what the client receives. */
async function halfClosed(requests: string, answer: (open: OpenResponse[]) => void, count: number): Promise<string> {
  const opened: OpenResponse[] = [];
  const server = createServer((request, response) => {
    const open: OpenResponse = { response, comment: () => response.write('.') };
    const watch = HalfClosedWatch.of(request.socket);
    watch.add(open);
    response.on('close', () => watch.remove(open));
    opened.push(open);
  });
  Object.assign(server, { httpAllowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  let received = '';
  client.on('data', (bytes: Buffer) => {
    received += bytes.toString();
  });
  try {
    client.end(requests);
    await waitFor(() => opened.length === count, 'the requests');
    answer(opened);
    await once(client, 'end');
    return received;
  } finally {
    client.destroy();
    server.close();
  }
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const end = ({ response }: { response: ServerResponse }): void => void response.end();

describe('HalfClosedWatch', () => {
  it('sends interim responses to a client that has closed its side, until the response ends', async () => {
    const received = await halfClosed(REQUEST, (open) => setTimeout(() => open.forEach(end), 50), 1);
    expect(received.match(/HTTP\/1\.1 102 /g)?.length).toBeGreaterThanOrEqual(2);
    expect(received).toContain('HTTP/1.1 200 OK');
  });

  it('sends comments into a stream that has begun', async () => {
    const begun = (open: OpenResponse[]): void => {
      open[0]?.response.flushHeaders();
      setTimeout(() => open.forEach(end), 50);
    };
    const received = await halfClosed(REQUEST, begun, 1);
    expect(received.match(/\r\n\.\r\n/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('watches each of several requests that were sent at once', async () => {
    const received = await halfClosed(REQUEST + REQUEST, (open) => setTimeout(() => open.forEach(end), 30), 2);
    expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it('sends no interim response to a client of HTTP/1.0', async () => {
    const received = await halfClosed('GET / HTTP/1.0\r\n\r\n', (open) => setTimeout(() => open.forEach(end), 30), 1);
    expect(received).not.toContain(' 102 ');
  });
});
