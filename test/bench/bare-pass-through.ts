// The reference for the gateway: Express 5 and undici's `dispatch` with nothing in between. It passes bytes through.
// PORT and UPSTREAM (an origin) come from the environment.
import express from 'express';
import { Pool } from 'undici';

const { PORT = '0', UPSTREAM = '' } = process.env;
const pool = new Pool(UPSTREAM, { connections: 512, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const headers = ['content-type', 'application/json', 'authorization', 'Bearer sk-of-the-provider'];
const app = express();
app.disable('x-powered-by');
app.set('etag', false);

app.post('/v1/chat/completions', (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    pool.dispatch(
      { method: 'POST', path: '/v1/chat/completions', headers, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, answered) {
          const { 'content-type': type = '', 'content-length': length } = answered;
          response.writeHead(status, {
            'content-type': String(type),
            ...(length === undefined ? {} : { 'content-length': String(length) }),
          });
        },
        onResponseData: (_controller, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: (_controller, error) => void response.destroy(error),
      },
    );
  });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`listening on ${(server.address() as { port: number }).port}\n`);
});
