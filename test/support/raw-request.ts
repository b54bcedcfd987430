import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Whether the server closed the connection before it received all `bytes`. */
  readonly cutOff: boolean;
}

/**
 * Sends bytes unchanged, piece by piece, and reads until the server has responded and closed. Tests use it to send what no HTTP
 * client would send.
 */
export function sendRaw(url: string, pieces: Iterable<string | Buffer>): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const received: Buffer[] = [];
    const left = pieces[Symbol.iterator]();
    let sentAll = false;
    const next = (): void => {
      const piece = left.next();
      if (piece.done === true) {
        sentAll = true;
        return;
      }
      // the server may respond and close before everything is sent
      if (!socket.destroyed && socket.writable) socket.write(piece.value, () => setImmediate(next));
    };
    socket.on('connect', next);
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      const text = Buffer.concat(received).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
      resolve({ status, head: text.slice(0, end), body: text.slice(end + 4), cutOff: !sentAll });
    });
  });
}
