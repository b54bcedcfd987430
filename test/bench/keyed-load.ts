// Sends live calls with many keys over raw sockets, because the generator in C has one key only:
//   node keyed-load.ts PORT CONNECTIONS SECONDS BODY_FILE KEYS   (KEYS of 10,000 or more are drawn by Zipf, fewer in turn)
// Each connection sends its next call after the response. It prints one line of JSON: { answered, refused, errors }.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import { zipfIndices } from './statistics.ts';
import { LIVE, pathOf, secretOf } from './workload.ts';

const ZIPF_FROM = 10_000;
const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2, 5).map(Number);
const body = readFileSync(process.argv[5] ?? '');
const keys = Number(process.argv[6]);

const fixed = Object.entries(LIVE)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const requests = Array.from({ length: keys }, (_, n) =>
  Buffer.concat([
    Buffer.from(
      `POST ${pathOf('whole')} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
        `authorization: Bearer ${secretOf(n)}\r\n${fixed}content-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]),
);

let turn = 0;
const drawn = zipfIndices(keys);
const nextKey = keys >= ZIPF_FROM ? drawn : (): number => turn++ % keys;
const counts = { answered: 0, refused: 0, errors: 0 };
const end = performance.now() + seconds * 1_000;

/** Returns the length of a response with `content-length`, headers included; undefined if its headers are incomplete. */
function lengthOf(received: Buffer): number | undefined {
  const headers = received.indexOf('\r\n\r\n');
  if (headers === -1) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.toString('latin1', 0, headers))?.[1];
  if (length === undefined) throw new Error('the response has no content-length');
  return headers + 4 + Number(length);
}

const send = (socket: Socket): void => void socket.write(requests[nextKey()] as Buffer);

function start(): void {
  const socket = connect(port, '127.0.0.1', () => send(socket)).setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = lengthOf(received);
    if (length === undefined || received.length < length) return;
    counts.answered++;
    if (received.toString('latin1', 9, 12) !== '200') counts.refused++;
    received = Buffer.alloc(0);
    if (performance.now() < end) send(socket);
    else socket.destroy();
  });
  socket.on('error', () => counts.errors++);
  socket.on('end', () => counts.errors++);
}

for (let n = 0; n < connections; n++) start();
process.on('exit', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
