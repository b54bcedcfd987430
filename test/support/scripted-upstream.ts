import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An upstream that responds with exact bytes and records the requests that it receives. */
export interface ScriptedUpstream {
  /** Includes `/v1`. */
  readonly baseUrl: string;
  readonly requests: readonly UpstreamRequest[];
  /** Sets the response to all further requests. */
  answer(how: (response: ServerResponse, request: UpstreamRequest) => void): void;
  /** Clears the recorded requests. */
  forget(): void;
  close(): Promise<void>;
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const requests: UpstreamRequest[] = [];
  let how: (response: ServerResponse, request: UpstreamRequest) => void = (response) => response.writeHead(500).end();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // a request that breaks off gets no response
      return;
    }
    const { method = '' } = request;
    const seen = { method, path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
    requests.push(seen);
    how(response, seen);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    answer(other) {
      how = other;
    },
    forget() {
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Responds with these bytes in one piece. */
export const whole =
  (body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);

/** Responds with these bytes as a stream of events. */
export const events =
  (text: string | Buffer) =>
  (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end(text);
