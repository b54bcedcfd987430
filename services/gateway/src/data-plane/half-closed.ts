import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Times of the probes, in milliseconds after the client half-closed the connection. The last one is also the interval of all
 * further probes.
 */
const PROBES_MS = [0, 10, 30, 100, 300, 1_000, 5_000];

/**
 * Detects whether a client that half-closed its connection has disconnected. A client that closes its side after the request
 * may have disconnected, or may still read the response (RFC 9112, section 9.6). Only sending something shows the difference:
 * an interim response (RFC 9110, section 15.2), which every client must be able to skip, or a comment in a stream. A
 * disconnected client's machine replies with a reset, which ends the response and the call.
 *
 * @param comment sends a no-op into a stream that has begun
 * @returns a function that stops the probes, to be called when the response is closed
 */
export function watchHalfClosed(socket: Socket, response: ServerResponse, comment: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const probe = (n: number): void => {
    if (response.headersSent) comment();
    else response.writeProcessing();
    const last = PROBES_MS.length - 1;
    const waitMs = n < last ? (PROBES_MS[n + 1] as number) - (PROBES_MS[n] as number) : (PROBES_MS[last] as number);
    timer = setTimeout(() => probe(n + 1), waitMs);
  };
  const onEnd = (): void => {
    // HTTP/1.0 has no interim responses: such a client counts as connected
    if (response.req.httpVersion !== '1.0') probe(0);
  };
  socket.once('end', onEnd);
  return () => {
    clearTimeout(timer);
    socket.off('end', onEnd);
  };
}
