import { connect, type Socket } from 'node:net';

/** A client that handles its connection as no library would. */
export interface RawClient {
  readonly socket: Socket;
  /** The text received so far. */
  text(): string;
  readonly closed: Promise<void>;
}

/** Sends a chat request and reads the response. */
export function rawClient(url: string, key: string, body: object, headers: Readonly<Record<string, string>> = {}): RawClient {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const text = JSON.stringify(body);
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `${more.join('')}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return { socket, text: () => Buffer.concat(chunks).toString('utf8'), closed };
}
